import type { SnapshotFacts } from '../repository/documents/documents.ts'

/** What is looked up about the base once the present snapshot is there. */
export interface HistoryObservations {
  /** Whether the base's nonce is in `lifeboat.marker` *under the present snapshot*. */
  markerVisible: boolean
  /** Whether the pg_database row is provably older than the base's snapshot. */
  databaseRowOlder: boolean
  /** Whether, before the present snapshot was taken, WAL stood where the base's stood or further. */
  positionReached: boolean
  /** The server's `fsync` as it is now. */
  durable: boolean
}

/** Ids further apart than this cannot be told older from younger by their 32 bits; less a margin for a long backup. */
const largestDistance = 2n ** 31n - 2n ** 24n

/**
 * Whether the snapshot `now` is later than `base` in the same history of the same database, with nothing lost that the
 * base saw. `null`: yes; else why not, for people. Pure.
 *
 * The proof is the marker: its commit lies behind everything the base saw, and WAL is only ever lost from its end. Where
 * none could be written, the same server process must have run since, and have had on disk all that the base saw.
 */
export function differentHistory(base: SnapshotFacts, now: SnapshotFacts, seen: HistoryObservations): string | null {
  if (base.system_identifier !== now.system_identifier) return 'it is of another server'
  if (base.database_oid !== now.database_oid) return 'the live database was restored or made since'
  if (base.block_size !== now.block_size) return 'the block size changed'
  const setting = changedSetting(base.settings, now.settings)
  if (setting !== null) return `the setting ${setting} changed`
  if (BigInt(now.xmin) < BigInt(base.xmin) || BigInt(now.xmax) < BigInt(base.xmax))
    return 'the server has gone back in time'
  if (BigInt(now.xmax) - BigInt(base.xmin) >= largestDistance) return 'too many transactions ago'
  if (!seen.databaseRowOlder) return 'the database was made or altered since'
  if (base.marker !== null) {
    if (!seen.markerVisible) return 'its marker is gone: the server was put back, or failed over'
    if (!seen.durable && base.postmaster_started !== now.postmaster_started)
      return 'the server was restarted, and runs with fsync off'
    return null
  }
  if (!base.flushed) return 'it left no marker, and what it saw was not known to be on disk'
  if (base.postmaster_started !== now.postmaster_started) return 'the server was restarted, and it left no marker'
  if (!seen.positionReached) return 'the server has gone back in its log'
  return null
}

function changedSetting(base: readonly string[], now: readonly string[]): string | null {
  const before = new Set(base)
  const changed = now.find((setting) => !before.has(setting))
  if (changed !== undefined) return changed.split('=')[0]!
  return base.length === now.length ? null : 'list'
}
