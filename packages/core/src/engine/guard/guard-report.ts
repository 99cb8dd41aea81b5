import type { MigrationComparison, MigrationVerdict } from '../../migrations/compare.ts'
import type { Rehearsal } from '../../migrations/rehearsal/rehearsal.ts'
import type { SchemaDiff } from '../../schema/diff/diff-schemas.ts'
import type { LiveMigrations } from '../migrations.ts'
import type { BackupSummary } from '../summary.ts'

/** What a guarded migration did. Plain JSON with the names of the HTTP contract; statements without texts and numbers. */
export interface GuardReport {
  /** The backup made before it. Pinned until it is confirmed. */
  backup: Pick<BackupSummary, 'id' | 'number' | 'database' | 'created_at' | 'pinned'>
  /** By inspector; empty where none is configured. */
  migrations: GuardedInspector[]
  /** What the schema is now against that of the backup. */
  schema: SchemaDiff
  /** Who waited for whom while it ran, the longest first. */
  blocked: BlockedWait[]
  /** Null where none was asked for. */
  rehearsal: Pick<Rehearsal, 'ok' | 'findings' | 'milliseconds'> | null
  /** What only a restore of the backup takes back, and what not even that does; said before the migration began. */
  cannot_be_undone: string[]
  /** What is odd although nothing failed. */
  warnings: string[]
  /** Of the migration alone. */
  milliseconds: number
}

/** What became of the migrations of one inspector during a guarded deploy. */
export interface GuardedInspector {
  inspector: string
  before: MigrationVerdict
  after: MigrationVerdict
  /** Ids that were missing before and are not any more. */
  applied: string[]
  /** Ids that are still missing. */
  pending: string[]
}

/** One session that waited for another. */
export interface BlockedWait {
  /** What waited, for people: `the migration (session 71, ALTER TABLE ...)`. */
  waiter: WaitingSession
  /** Null: a prepared transaction. */
  blocker: WaitingSession | null
  lock: string
  /** `schema.table`; null for a row, a transaction or an advisory lock. */
  table: string | null
  /** As long as it was seen. */
  waited_ms: number
  text: string
}

/** A session that waits for a lock or holds it. */
export interface WaitingSession {
  pid: number
  user: string | null
  application: string | null
  state: string | null
  /** Without texts and numbers; null where this role cannot see it. */
  statement: string | null
  /** Whether it is the migration's, by the name of its application. */
  of_migration: boolean
}

/** What became of the migrations between two looks. Pure. */
export function guardedInspectors(before: LiveMigrations, after: LiveMigrations): GuardedInspector[] {
  const now = new Map(after.inspectors.map((one) => [one.inspector, one.comparison]))
  return before.inspectors.map(({ inspector, comparison: was }) => {
    const is = now.get(inspector)
    const pending = is?.missing ?? []
    return {
      inspector,
      before: was.verdict,
      after: is?.verdict ?? 'unknown',
      applied: was.missing.filter((id) => !pending.includes(id) && !is?.failed.includes(id)),
      pending,
    }
  })
}

const refused: readonly MigrationVerdict[] = ['dirty', 'edited', 'diverged']

/** Those that stand in a way in which no migration may begin or end. Pure. */
export const unsoundOf = ({ inspectors }: LiveMigrations): { inspector: string; comparison: MigrationComparison }[] =>
  inspectors.filter(({ comparison }) => refused.includes(comparison.verdict))
