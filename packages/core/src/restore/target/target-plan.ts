import type { PlanNote, PlanRefusal, PlanStep } from '../plan/plan.ts'
import type { RestoreFacts } from '../plan/plan-facts.ts'
import {
  type DatabaseIdentity,
  isSame,
  type MarkedDatabase,
  notMarked,
  type SourceIdentity,
} from './target-identity.ts'

/** What is known of the named target that a refresh replaces. */
export interface TargetFacts {
  name: string
  repository: string
  found: MarkedDatabase | null
  sources: SourceIdentity[]
  /** The database that the backup was made of. */
  backupOf: DatabaseIdentity
  /** Tables whose rows are to stay; `missing` ones are not in the target now. */
  carryOver: { table: string; missing: boolean }[]
}

/** Why a refresh must not begin. No override goes past these. Pure. */
export function targetRefusals({ refresh, target, options }: RestoreFacts): PlanRefusal[] {
  if (!refresh) return []
  const { name, repository, found, carryOver } = refresh
  const refusals = sourceRefusals(refresh, target.name)
  const why = notMarked(found, { target: name, repository, database: target.name })
  if (why !== null)
    refusals.push({
      code: 'TARGET_NOT_ADOPTED',
      text: `${why} Adopt it once as the target "${name}": {targets.adopt}.`,
    })
  if (options.strategy !== 'swap') refusals.push({ code: 'TARGET_STRATEGY', text: 'A target is refreshed by swap.' })
  const missing = carryOver.filter((one) => one.missing).map(({ table }) => table)
  if (missing.length > 0 && found?.mark?.refreshed)
    refusals.push({
      code: 'CARRY_OVER_SHAPE',
      text: `Tables to carry over are not in the target: ${missing.join(', ')}. Take them out of \`carryOver\`, or make them there.`,
    })
  return refusals
}

/** Why a database can never be a target: a configured one, by whatever address, or the one that the backup is of. Pure. */
export function sourceRefusals(
  { name, found, sources, backupOf }: Pick<TargetFacts, 'name' | 'found' | 'sources' | 'backupOf'>,
  database: string,
): PlanRefusal[] {
  const source = sources.find(({ identity, isNamedAlike }) => isNamedAlike || isSame(identity, found))
  const of = source
    ? `the configured database "${source.label}"`
    : isSame(found, backupOf)
      ? 'the database that the backup was made of'
      : null
  if (of === null) return []
  const text = `The target "${name}" leads to database "${database}", which is ${of}. A target is never one of these.`
  return [{ code: 'TARGET_IS_SOURCE', text }]
}

export function targetWarnings({ refresh, options }: RestoreFacts): PlanNote[] {
  if (!refresh) return []
  const notMasked: PlanNote[] = options.masked
    ? []
    : [{ code: 'TARGET_NOT_MASKED', text: 'Nothing is masked: the target gets the rows of the backup as they are.' }]
  const missing = refresh.carryOver.filter((one) => one.missing).map(({ table }) => table)
  if (missing.length === 0) return notMasked
  return [
    ...notMasked,
    {
      code: 'CARRY_OVER_FIRST',
      text: `The target does not have these tables yet, so they come from the backup this time: ${missing.join(', ')}.`,
    },
  ]
}

export function carryOverStep({ refresh }: RestoreFacts): PlanStep | undefined {
  const tables = refresh?.carryOver.filter((one) => !one.missing).map(({ table }) => table) ?? []
  if (tables.length === 0) return undefined
  return {
    id: 'carry-over',
    text: `Carry over the rows that the target has of ${tables.join(', ')}; writers to these wait until the swap.`,
  }
}
