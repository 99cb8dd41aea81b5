import type { RestoreContext, Running } from '../restore/options.ts'
import { type Baseline, openBaseline } from './baseline.ts'
import { type LiveView, openLiveView, tableName } from './live-view.ts'
import type { TablePair } from './pair-tables.ts'
import { scanChanges, type TableChanges } from './scan-changes.ts'

/** What a restore of a backup would lose of the live database: the rows that came or changed since. */
export interface LossReport {
  backup: { id: string; number: number; created_at: string; database: string }
  /** When the live database was looked at. */
  at: string
  /** Tables that are not as they were, those that lose most first. */
  tables: TableLoss[]
  /** Tables that are as they were. */
  unchanged: number
  /** Sums over the tables whose row headers could be compared. */
  added_or_changed: number
  changed_or_deleted: number
  /** Tables made since, which a restore by swap would lose as a whole. */
  made: { table: string; bytes: number }[]
  /** Tables of the backup that are no more. */
  dropped: string[]
  /** Why no table could be compared by its row headers; `null` where they could. */
  not_comparable: string | null
}

export interface TableLoss {
  /** `name`, or `schema.name` outside of schema public. */
  table: string
  rows_then: number
  /** `null` where nothing was counted. */
  rows_now: number | null
  /**
   * Rows added or changed since: what a restore loses. Counted from row headers, never too few; rows that transactions
   * wrote while the backup began, or that were written again as they were, count too.
   */
  added_or_changed: number | null
  /** Rows changed or deleted since: what a restore brings back. */
  changed_or_deleted: number | null
  /** Why the table's row headers tell nothing; `null` where they do. */
  reason: string | null
}

/**
 * Counts the rows that were added, changed or deleted since a backup: one scan of the tables, in which no row is read out.
 * Changes nothing. Throws `BACKUP_NOT_FOUND`, `LOCK_BUDGET`, `DATABASE_RIGHTS`, `ROW_SECURITY`, ...
 */
export async function measureLoss(
  context: Pick<RestoreContext, 'repository' | 'database' | 'resources'>,
  backupId: string,
  { signal, report }: Running = {},
): Promise<LossReport> {
  const baseline = await openBaseline(context, backupId, { signal, report })
  const view = await openLiveView(context, baseline, { signal, report })
  try {
    return lossReport(baseline, view, await scanChanges(view, view.pairs))
  } finally {
    await view.close()
  }
}

function lossReport({ manifest }: Baseline, view: LiveView, changes: readonly TableChanges[]): LossReport {
  const { id, number, created_at, database } = manifest
  const scanned = changes.map(({ pair, segments }) => {
    const sum = (field: 'before' | 'now' | 'fresh' | 'gone') =>
      segments.reduce((total, segment) => total + segment[field], 0)
    return tableLoss(pair, { now: sum('now'), fresh: sum('fresh'), gone: sum('gone') })
  })
  const unknown = view.pairs.filter(({ way }) => way !== 'headers').map((pair) => tableLoss(pair, null))
  const changed = scanned.filter((table) => table.added_or_changed !== 0 || table.changed_or_deleted !== 0)
  const weight = (table: TableLoss) => (table.added_or_changed ?? 0) + (table.changed_or_deleted ?? 0)
  return {
    backup: { id, number, created_at, database },
    at: view.snapshot.facts.taken_at,
    tables: [...changed.sort((a, b) => weight(b) - weight(a)), ...unknown],
    unchanged: scanned.length - changed.length,
    added_or_changed: changed.reduce((sum, table) => sum + (table.added_or_changed ?? 0), 0),
    changed_or_deleted: changed.reduce((sum, table) => sum + (table.changed_or_deleted ?? 0), 0),
    made: view.made.map((table) => ({ table: tableName(table), bytes: table.total_bytes })),
    dropped: view.dropped.map(tableName),
    not_comparable: view.history,
  }
}

function tableLoss(
  { live, record, reason }: TablePair,
  counted: { now: number; fresh: number; gone: number } | null,
): TableLoss {
  return {
    table: tableName(live),
    rows_then: record.rows,
    rows_now: counted?.now ?? null,
    added_or_changed: counted?.fresh ?? null,
    changed_or_deleted: counted?.gone ?? null,
    reason,
  }
}
