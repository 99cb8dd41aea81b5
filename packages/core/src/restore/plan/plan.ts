import { createHash } from 'node:crypto'
import type { PlannedSteps } from '../../migrations/down-steps/plan-carried.ts'
import type { MediaPlace } from '../media/media-place.ts'
import type { RestoreOptions, RestoreStrategy } from '../options.ts'
import type { InspectorFacts, RestoreFacts } from './plan-facts.ts'
import { type PlanProposal, proposalOf } from './plan-proposal.ts'
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
  /** Media folders, and where each goes. */
  media: PlanMedia[]
  /** Verdict and particulars per inspector. */
  migrations: InspectorFacts[]
  /** Of a backup that is ahead: the down steps that it carries, whole. They run only where `runCarried` asks for them. */
  carried?: PlannedSteps
  /** In order. `seconds` is a rough estimate where one can be made. */
  steps: PlanStep[]
  warnings: PlanNote[]
  /** Reasons not to begin. Those with `override` can be gone past by that name; the plan lists what was overridden. */
  refusals: PlanRefusal[]
  overridden: PlanRefusal[]
  /** Where there are refusals: another way that is open, if there is one. */
  proposal: PlanProposal | null
}

export interface PlanMedia {
  /** The backup's name for it. */
  name: string
  files: number
  bytes: number
  /** Null where it was not said where it goes, which is refused. */
  target: string | null
  /** Whether there is something that is replaced, and kept. */
  replaces: boolean
  /** `inside`: the folder cannot be renamed, so its entries are exchanged one by one. */
  method: MediaPlace['method']
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
  | 'create-control'
  | 'create-database'
  | 'begin'
  | 'clear'
  | 'definitions'
  | 'rows'
  | 'large-objects'
  | 'post-data'
  | 'refresh'
  | 'count-rows'
  | 'properties'
  | 'commit'
  | 'validate-before'
  | 'data-before'
  | 'step-back'
  | 'migrate'
  | 'data-after'
  | 'validate-after'
  | 'analyze'
  | 'media'
  | 'rename'
  | 'carry-catalog'
  | 'swap'
  | 'swap-media'
  | 'mask'
  | 'subset'
  | 'prove-masked'
  | 'carry-over'

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
  const unoverridden = (others: RestoreFacts) => refusalsOf(others).filter((refusal) => !isOverridden(refusal))
  const refusals = all.filter((refusal) => !isOverridden(refusal))
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
    replaces: options.strategy !== 'new-database' && options.strategy !== 'media' && target.live !== null,
    options,
    media: facts.media.map(({ name, files, bytes, target, replaces, place }) => ({
      ...{ name, files, bytes, target, method: place?.method ?? 'rename' },
      replaces: replaces && place?.present === 'filled',
    })),
    migrations: facts.migrations,
    ...(facts.carried ? { carried: facts.carried } : {}),
    steps: stepsOf(facts),
    warnings: warningsOf(facts),
    refusals,
    proposal: refusals.length > 0 ? proposalOf(facts, unoverridden) : null,
    overridden: all.filter(isOverridden),
  }
  return { hash: planHash(plan), ...plan }
}

/** The database to work from is left out: the restore itself makes it, before it looks at its plan again. */
function planHash(plan: Omit<RestorePlan, 'hash'>): string {
  const steps = plan.steps.filter(({ id }) => id !== 'create-control')
  return createHash('sha256')
    .update(JSON.stringify(sorted({ ...plan, steps })))
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
