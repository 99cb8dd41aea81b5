import { isEngineError } from '../errors.ts'
import type { RestoreContext, Running } from '../restore/options.ts'
import { type LossReport, measureLoss, type TableLoss } from './lost.ts'

/** What a restore would lose of the database that it replaces, for the plan that people confirm. */
export interface RestoreLoss {
  /** Why nothing could be counted, as a clause that goes on from "because"; `null` where it was. */
  unknown: string | null
  /** When the live database was looked at; `null` where it was not. */
  at: string | null
  /** Tables that are not as they were, those that lose most first; at most {@link mostTables}. */
  tables: TableLoss[]
  /** How many such tables are not in the list. */
  more: number
  unchanged: number
  /** Rows that the restore loses, of the tables that were counted; `null` where none could be. */
  added_or_changed: number | null
  /** Rows that it brings back. */
  changed_or_deleted: number | null
  /** Tables made since, which are lost as a whole. */
  made: LossReport['made']
  /** Tables dropped since, which come back. */
  dropped: string[]
}

export const mostTables = 100

const notCounted: Omit<RestoreLoss, 'unknown'> = {
  ...{ at: null, tables: [], more: 0, unchanged: 0, added_or_changed: null, changed_or_deleted: null },
  ...{ made: [], dropped: [] },
}

/**
 * What a restore of a backup would lose of the database of `context`, counted for at most `timeoutMs` milliseconds; 0 does
 * not count. A plan does not fail for it: what stands in the way is said in `unknown`. Throws only where `signal` fires.
 */
export async function restoreLoss(
  context: Pick<RestoreContext, 'repository' | 'database' | 'resources'>,
  backupId: string,
  { timeoutMs, signal, report }: Running & { timeoutMs: number },
): Promise<RestoreLoss> {
  if (timeoutMs === 0) return { ...notCounted, unknown: 'the rows were not counted: the time limit is 0' }
  const limit = AbortSignal.timeout(timeoutMs)
  try {
    const all = signal ? AbortSignal.any([signal, limit]) : limit
    return lossOf(await measureLoss(context, backupId, { signal: all, report }))
  } catch (error) {
    if (signal?.aborted) throw error
    if (limit.aborted) return { ...notCounted, unknown: `counting took longer than ${timeoutMs / 1000} s` }
    const message = error instanceof Error ? error.message.replace(/\.$/, '') : String(error)
    return { ...notCounted, unknown: isEngineError(error) ? `counting failed: ${message} (${error.code})` : message }
  }
}

/** Pure. */
export function lossOf(report: LossReport): RestoreLoss {
  const { at, unchanged, made, dropped, not_comparable } = report
  if (not_comparable !== null) return { ...notCounted, at, made, dropped, unknown: not_comparable }
  return {
    ...{ unknown: null, at, unchanged, made: made.slice(0, mostTables), dropped: dropped.slice(0, mostTables) },
    tables: report.tables.slice(0, mostTables),
    more: Math.max(0, report.tables.length - mostTables),
    added_or_changed: report.added_or_changed,
    changed_or_deleted: report.changed_or_deleted,
  }
}
