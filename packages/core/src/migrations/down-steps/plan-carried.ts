import type { KeyObject } from 'node:crypto'
import type { MigrationComparison } from '../compare.ts'
import type { LedgerShape } from '../inspector.ts'
import { type CarriedStep, signerOf, sqlSha256, stepsHash } from './down-step.ts'
import { readStepStatements } from './step-statements.ts'

/** The down steps that would bring a backup that is ahead back to the code, in the order in which they would run. */
export interface PlannedSteps {
  /** Names these steps and no others. */
  hash: string
  steps: PlannedStep[]
  /** Why they cannot be run; empty where they can. */
  problems: string[]
}

export interface PlannedStep {
  inspector: string
  id: string
  sha256: string
  /** Id of the trusted key that signed it; null where none did. */
  signed_by: string | null
  /** In full: what people decide about. */
  sql: string
  /** What to know of it. */
  notes: string[]
}

export interface AheadInspector {
  inspector: string
  shape?: LedgerShape | undefined
  comparison: MigrationComparison
  /** Ids that the backup says were applied, in their order. */
  applied: readonly string[]
  /** Ids that may be applied without a file: they are not part of what is signed. */
  retired?: readonly string[] | undefined
}

/** Whose signatures count, and for which application. */
export interface StepTrust {
  application: string
  keys: readonly KeyObject[]
}

/** Pure. Null where no inspector is ahead, or the backup carries none of the steps. */
export function planCarried(
  inspectors: readonly AheadInspector[],
  carried: readonly CarriedStep[],
  { application, keys }: StepTrust,
): PlannedSteps | null {
  const ahead = inspectors.filter(({ comparison }) => comparison.verdict === 'ahead')
  const steps: PlannedStep[] = []
  const problems: string[] = []
  for (const { inspector, shape, comparison, applied, retired = [] } of ahead) {
    const back = comparison.extra.toReversed()
    if (shape === 'pointer') problems.push(`${inspector}: its table says only where the database stands.`)
    const newest = applied.slice(-back.length).toReversed()
    if (newest.join('\n') !== back.join('\n'))
      problems.push(`${inspector}: ${back.join(', ')} are not the newest that were applied.`)
    for (const [index, id] of back.entries()) {
      const step = carried.find((one) => one.inspector === inspector && one.id === id)
      if (!step) {
        problems.push(`${inspector}: the backup carries no down step of ${id}.`)
        continue
      }
      const read = readStepStatements(step.sql)
      if (sqlSha256(step.sql) !== step.sha256) problems.push(`${inspector}: the down step of ${id} was changed.`)
      problems.push(...read.problems.map((why) => `${inspector}: the down step of ${id} cannot be run, ${why}.`))
      const { sql, sha256 } = step
      const left = applied.slice(0, applied.length - index - 1).filter((one) => !retired.includes(one))
      const signed_by = signerOf(step, { application, left }, keys)
      steps.push({ inspector, id, sha256, signed_by, sql, notes: read.notes })
    }
  }
  return steps.length === 0 ? null : { hash: stepsHash(steps), steps, problems }
}
