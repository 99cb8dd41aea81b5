import type { SnapshotFacts } from '../repository/documents/documents.ts'

/** What is looked up under the present snapshot. */
export interface IdleObservations {
  /** Ids of transactions that are known to have written a marker of this database and nothing else. */
  markerTransactions: ReadonlySet<string>
  /** Whether the database has functions that change rows without a transaction id (pg_surgery). */
  rowSurgery: boolean
}

/** More ids than this are not looked at one by one: that many have not all written markers. */
const mostIds = 1000n

/**
 * Whether no transaction that can have changed a row has ended between two snapshots of the same history. `null`: none
 * has; else what speaks against it, for people. Pure.
 *
 * A row that is in one of the snapshots and not in the other was inserted or deleted by a transaction that ended, or
 * became visible, between them. It was open at the base's snapshot, or not begun: so its id is one of those listed as
 * open then, or not below `xmax`; and it is below the present `xmax`. A subtransaction ends no later than its top-level
 * transaction, whose id is lower and is listed. So it is enough that each such id belongs to a transaction that is still
 * open or that wrote a marker.
 *
 * That history is the same is for {@link differentHistory} to say, and comes before.
 */
export function whyNotIdle(base: SnapshotFacts, now: SnapshotFacts, seen: IdleObservations): string | null {
  if (base.open_transactions === undefined) return 'the base does not tell which transactions were open'
  if (now.open_transactions === undefined) return 'which transactions are open is not known'
  // pg_resetwal, and files put back or edited, change rows without an id; all of them need the server to be stopped.
  if (base.postmaster_started !== now.postmaster_started) return 'the server was restarted since'
  if (seen.rowSurgery) return 'the database has functions of pg_surgery'
  const [from, to] = [BigInt(base.xmax), BigInt(now.xmax)]
  if (to < from) return 'the server has gone back in time'
  if (to - from > mostIds) return `${to - from} transactions have begun since`
  const ids = [...base.open_transactions]
  for (let id = from; id < to; id++) ids.push(String(id))
  const open = new Set(now.open_transactions)
  const ended = new Set(ids.filter((id) => !open.has(id) && !seen.markerTransactions.has(id)))
  if (ended.size === 0) return null
  return ended.size === 1 ? '1 transaction has ended since' : `${ended.size} transactions have ended since`
}
