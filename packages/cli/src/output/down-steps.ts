import type { ActionResult, BackupDetails } from '@lifeboat/core'
import { plainText } from './format.ts'

type PlannedSteps = NonNullable<ActionResult<'restores.plan'>['carried']>

/** The down steps of a plan, whole: what people decide about. */
export function describeCarried({ hash, steps, problems }: PlannedSteps): string[] {
  return [
    `Down steps that the backup carries (hash ${hash.slice(0, 12)}), in the order in which they would run:`,
    ...steps.flatMap(({ inspector, id, sha256, signed_by, sql, notes }) => [
      `  ${plainText(inspector)}: ${plainText(id)}, SQL ${sha256.slice(0, 12)}, ${signed_by ? `signed by key ${signed_by.slice(0, 12)}` : 'NOT signed by a trusted key'}`,
      ...notes.map((note) => `    ! ${plainText(note)}`),
      ...indented(sql),
    ]),
    ...problems.map((problem) => `  ✗ ${plainText(problem)}`),
  ]
}

/** The down steps of a backup, whole. */
export function describeStoredSteps(steps: BackupDetails['down_steps']): string[] {
  if (steps.length === 0) return []
  return [
    '',
    'Down steps, newest first:',
    ...steps.flatMap(({ inspector, id, sha256, sql, signatures }) => [
      `  ${plainText(inspector)}: ${plainText(id)}, SQL ${sha256.slice(0, 12)}, ${signatures.length > 0 ? `signed by key ${signatures.map(({ key }) => key.slice(0, 12)).join(', ')}` : 'not signed'}`,
      ...indented(sql),
    ]),
  ]
}

function indented(sql: string): string[] {
  return sql
    .trimEnd()
    .split('\n')
    .map((line) => `      ${plainText(line)}`)
}
