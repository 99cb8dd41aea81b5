import { createHash } from 'node:crypto'
import type { RestoreOptions, RestoreStrategy } from './options.ts'
import type { InspectorFacts, RestoreFacts } from './plan-facts.ts'
import { refusalsOf } from './plan-refusals.ts'
import { stepsOf } from './plan-steps.ts'
import { warningsOf } from './plan-warnings.ts'

/** What a restore would do, and why it would not. Plain JSON with nothing in it that changes from minute to minute. */
export interface RestorePlan {
  /** SHA-256 of everything else in the plan: what a confirmation is bound to. */
  hash: string
  backup: { id: string; number: number; checksum: string; created_at: string; database: string }
  strategy: RestoreStrategy
  /** The database that is replaced or made. */
  database: string
  /** Whether a database is there now that would be replaced. */
  replaces: boolean
  options: RestoreOptions
  /** Verdict and particulars per inspector. */
  migrations: InspectorFacts[]
  /** In order. `seconds` is a rough estimate where one can be made. */
  steps: PlanStep[]
  warnings: PlanNote[]
  /** Reasons not to begin. Those with `override` can be gone past by that name; the plan lists what was overridden. */
  refusals: PlanRefusal[]
  overridden: PlanRefusal[]
}

export interface PlanStep {
  id: StepId
  text: string
  seconds?: number
}

export type StepId =
  | 'check-packs'
  | 'read-all'
  | 'safety-backup'
  | 'create-roles'
  | 'create-database'
  | 'begin'
  | 'clear'
  | 'definitions'
  | 'rows'
  | 'large-objects'
  | 'post-data'
  | 'refresh'
  | 'census'
  | 'properties'
  | 'commit'
  | 'validate-before'
  | 'migrate'
  | 'validate-after'
  | 'analyze'
  | 'media'
  | 'rename'
  | 'carry-catalog'
  | 'swap'
  | 'swap-media'

export interface PlanNote {
  code: string
  text: string
}

export interface PlanRefusal extends PlanNote {
  override?: string
}

/**
 * The plan for a restore. Pure: the same facts give the same plan and the same hash, and a dry run prints exactly this.
 */
export function restorePlan(facts: RestoreFacts): RestorePlan {
  const { options, backup, target } = facts
  const all = refusalsOf(facts)
  const isOverridden = ({ override }: PlanRefusal) => override !== undefined && options.overrides.includes(override)
  const plan: Omit<RestorePlan, 'hash'> = {
    backup: {
      id: backup.id,
      number: backup.number,
      checksum: backup.checksum,
      created_at: backup.createdAt,
      database: backup.database,
    },
    strategy: options.strategy,
    database: target.name,
    replaces: options.strategy !== 'new-database' && target.live !== null,
    options,
    migrations: facts.migrations,
    steps: stepsOf(facts),
    warnings: warningsOf(facts),
    refusals: all.filter((refusal) => !isOverridden(refusal)),
    overridden: all.filter(isOverridden),
  }
  return { hash: planHash(plan), ...plan }
}

/** Overrides that no refusal of the plan answers to are harmless: they only say what would have been accepted. */
function planHash(plan: Omit<RestorePlan, 'hash'>): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(plan)))
    .digest('hex')
}

/** Objects with their keys in order, so that the hash does not hang on how they were put together. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  )
}
