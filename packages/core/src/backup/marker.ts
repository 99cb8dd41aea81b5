import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { sqlState } from '../postgres/database-errors.ts'
import type { Query } from '../postgres/query.ts'

/** Our own schema in the user's database. Backups leave it out. */
export const markerSchema = 'lifeboat'

/**
 * Proof that a later snapshot belongs to the same history as this backup's: a random nonce, committed durably after
 * the snapshot was exported. If a later snapshot sees it, nothing this one saw was lost in between, because WAL is
 * only ever lost from its end.
 *
 * @returns the nonce; `null` where the role may not write, on a standby, and with `fsync = off` (a commit proves
 *   nothing there). Then {@link waitForFlush} takes its place.
 */
export async function writeMarker(query: Query, backupId: string): Promise<string | null> {
  const [facts] = await query<{ durable: boolean; exists: boolean }>(
    `SELECT pg_catalog.current_setting('fsync') = 'on' AND NOT pg_catalog.pg_is_in_recovery() AS durable,
       pg_catalog.to_regclass('lifeboat.marker') IS NOT NULL AS exists`,
  )
  if (!facts?.durable) return null
  const nonce = randomBytes(16).toString('hex')
  try {
    if (!facts.exists) await createMarkerTable(query)
    await query('BEGIN')
    await query("SET LOCAL synchronous_commit = 'on'")
    // Longer than any base is used: full backups are made at least weekly by default.
    await query(`DELETE FROM lifeboat.marker WHERE created_at < pg_catalog.now() - interval '90 days'`)
    await query('INSERT INTO lifeboat.marker (nonce, backup_id) VALUES ($1, $2)', [nonce, backupId])
    await query('COMMIT')
    return nonce
  } catch (error) {
    await query('ROLLBACK')
    if (mayNotWrite.has(sqlState(error) ?? '')) return null
    throw error
  }
}

async function createMarkerTable(query: Query): Promise<void> {
  await query('BEGIN')
  // Two first backups at once: the second waits here and then finds the table.
  await query(`SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext('lifeboat.marker'))`)
  const [facts] = await query<{ schema: boolean }>(
    `SELECT pg_catalog.to_regnamespace('lifeboat') IS NOT NULL AS schema`,
  )
  // IF NOT EXISTS asks for the right to create first, which a role that has only been granted the schema lacks.
  if (!facts?.schema) {
    await query('CREATE SCHEMA lifeboat')
    await query(`COMMENT ON SCHEMA lifeboat IS 'Marks of Lifeboat backups; left out of backups, safe to drop.'`)
  }
  await query(
    `CREATE TABLE IF NOT EXISTS lifeboat.marker (
       nonce text PRIMARY KEY,
       backup_id text NOT NULL,
       created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
     )`,
  )
  await query('COMMIT')
}

/** Insufficient rights, a read-only transaction or server, a schema of that name that is somebody else's. */
const mayNotWrite = new Set(['42501', '25006', '42P07', '42703', '3F000', '42P01', '42809'])

/**
 * Whether everything the snapshot saw has reached the disk: the flush position has passed the insert position read
 * right after the snapshot. Polls for at most `timeoutMs`.
 */
export async function waitForFlush(query: Query, insertLsn: string | null, timeoutMs = 5000): Promise<boolean> {
  if (insertLsn === null) return false
  for (const deadline = Date.now() + timeoutMs; ; await sleep(50)) {
    const [row] = await query<{ flushed: boolean }>(
      'SELECT pg_catalog.pg_current_wal_flush_lsn() >= $1::pg_catalog.pg_lsn AS flushed',
      [insertLsn],
    )
    if (row?.flushed) return true
    if (Date.now() >= deadline) return false
  }
}
