import type { Query } from './query.ts'
import { readPinnedSettings } from './session-settings.ts'

/**
 * Everything a later backup needs to know of this snapshot to decide what has not changed since. Field names are those
 * of the stored record.
 */
export interface SnapshotFacts {
  xmin: string
  xmax: string
  system_identifier: string
  database_oid: number
  database_row_xmin: string
  timeline: number
  in_recovery: boolean
  /** `pg_postmaster_start_time()` to the microsecond, in UTC. */
  postmaster_started: string
  /** Where WAL stood right after the snapshot was taken: written on a primary, replayed on a standby. */
  insert_lsn: string | null
  /** Whether all WAL up to `insert_lsn` is known to be on disk. */
  flushed: boolean
  marker: string | null
  /**
   * Ids (xid8) of the transactions that were open: top-level ones below xmax, prepared ones too. Absent where the
   * snapshot does not list them: it can be a standby's.
   */
  open_transactions?: string[]
  /** Id of the transaction that wrote the marker; absent where it may have written something else. */
  marker_transaction?: string
  block_size: number
  settings: string[]
  taken_at: string
}

/** Bound of what is kept of a snapshot with very many open transactions: none of them, then. */
const mostOpen = 1000

/** What the snapshot of this very statement says of transactions; a hint before a snapshot that others can join. */
export async function glanceAtTransactions(
  query: Query,
): Promise<Pick<SnapshotFacts, 'xmax' | 'open_transactions' | 'postmaster_started'>> {
  const [row] = await query<{ xmax: string; open_transactions: string[]; postmaster_started: string }>(
    `SELECT pg_catalog.pg_snapshot_xmax(snapshot)::text AS xmax,
       ARRAY(SELECT id::text FROM pg_catalog.pg_snapshot_xip(snapshot) AS id) AS open_transactions,
       pg_catalog.pg_postmaster_start_time()::text AS postmaster_started
     FROM pg_catalog.pg_current_snapshot() AS snapshot`,
  )
  return row!
}

/** Whether the server is a standby; asked before a snapshot is taken, "no" holds for the snapshot too. */
export async function isStandby(query: Query): Promise<boolean> {
  const [row] = await query<{ standby: boolean }>('SELECT pg_catalog.pg_is_in_recovery() AS standby')
  return row?.standby !== false
}

/**
 * Reads the facts inside the transaction that owns or joined the snapshot. `onPrimary`: what was known before it was
 * taken. A standby that is promoted between the two has a snapshot that lists no transaction, and says it is none.
 */
export async function readSnapshotFacts(
  query: Query,
  { onPrimary = false }: { onPrimary?: boolean } = {},
): Promise<SnapshotFacts> {
  const [row] = await query<FactsRow>(`
    SELECT pg_catalog.pg_snapshot_xmin(snapshot)::text AS xmin, pg_catalog.pg_snapshot_xmax(snapshot)::text AS xmax,
      ARRAY(SELECT id::text FROM pg_catalog.pg_snapshot_xip(snapshot) AS id LIMIT ${mostOpen + 1}) AS open,
      (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS system_identifier,
      d.oid::pg_catalog.int8::text AS database_oid, d.xmin::text AS database_row_xmin,
      recovering AS in_recovery,
      CASE WHEN recovering THEN (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint())
        ELSE ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8))
          ::bit(32)::int END AS timeline,
      pg_catalog.pg_postmaster_start_time()::text AS postmaster_started,
      CASE WHEN recovering THEN pg_catalog.pg_last_wal_replay_lsn()
        ELSE pg_catalog.pg_current_wal_insert_lsn() END::text AS insert_lsn,
      pg_catalog.current_setting('block_size')::int AS block_size,
      pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS taken_at
    FROM pg_catalog.pg_database d, pg_catalog.pg_current_snapshot() AS snapshot,
      pg_catalog.pg_is_in_recovery() AS recovering
    WHERE d.datname = pg_catalog.current_database()`)
  const settings = await readPinnedSettings(query)
  const { open, ...facts } = row!
  const listed = onPrimary && open.length <= mostOpen ? { open_transactions: open } : {}
  return { ...facts, ...listed, database_oid: Number(facts.database_oid), settings, flushed: false, marker: null }
}

type FactsRow = Omit<SnapshotFacts, 'database_oid' | 'settings' | 'flushed' | 'marker'> & {
  database_oid: string
  open: string[]
}

/**
 * Waits until WAL is on disk up to `lsn`: `false` when it is not within `timeoutMs`. What a standby has replayed it has
 * received and written. With `fsync` off "on disk" means handed to the operating system, which outlives the server
 * process; a caller that relies on it must also see that this process has not ended.
 */
export async function waitForFlush(query: Query, lsn: string | null, timeoutMs = 5000): Promise<boolean> {
  if (lsn === null) return false
  for (const deadline = Date.now() + timeoutMs; ; ) {
    const [row] = await query<{ flushed: boolean }>(
      `SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN true
         ELSE pg_catalog.pg_current_wal_flush_lsn() >= $1::pg_catalog.pg_lsn END AS flushed`,
      [lsn],
    )
    if (row?.flushed) return true
    if (Date.now() >= deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/**
 * Makes the server put on disk what it has written so far, with no right at all: a transaction that has a number is on
 * disk when it has ended. Reading writes WAL too (it prunes pages), and where no session commits it stays in memory.
 */
export async function pushWal(query: Query): Promise<void> {
  try {
    // `local`: no standby is waited for.
    await query('SET synchronous_commit = local')
    await query('SELECT pg_catalog.pg_current_xact_id()')
  } catch {
    // A standby gives no numbers, and needs none.
  }
}

/** Whether WAL stands at `lsn` or further now. */
export async function walReached(query: Query, lsn: string | null): Promise<boolean> {
  if (lsn === null) return false
  const [row] = await query<{ reached: boolean }>(
    `SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
       ELSE pg_catalog.pg_current_wal_insert_lsn() END >= $1::pg_catalog.pg_lsn AS reached`,
    [lsn],
  )
  return row?.reached === true
}
