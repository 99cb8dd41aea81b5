import { randomBytes } from 'node:crypto'
import { bookkeepingComment, bookkeepingSchema } from './excluded.ts'
import { quoteIdentifier, quoteLiteral } from './identifiers.ts'
import type { Query } from './query.ts'

const table = `${quoteIdentifier(bookkeepingSchema)}.marker`

/**
 * Writes a random nonce into `lifeboat.marker`, after a snapshot has been exported and on another connection, and
 * makes the server put it on disk. If a later snapshot sees the nonce, nothing that the exported one saw was lost
 * meanwhile: WAL is only ever lost from its end, and the nonce lies behind all of it.
 *
 * `null` where that cannot be done: on a standby, without rights, or where a schema of that name belongs to another application.
 */
export async function writeMarker(query: Query): Promise<string | null> {
  if (!(await prepareMarker(query))) return null
  const nonce = randomBytes(16).toString('hex')
  try {
    await query('SET synchronous_commit = on')
    await query(`INSERT INTO ${table} (nonce) VALUES ($1)`, [nonce])
    // A backup that old is no base any more; the limit only keeps the table small.
    await query(`DELETE FROM ${table} WHERE written_at < pg_catalog.now() - interval '400 days'`)
    return nonce
  } catch {
    return null
  }
}

/** Whether a nonce is in `lifeboat.marker` under the snapshot of this transaction, which survives whatever happens. */
export async function isMarkerVisible(query: Query, nonce: string): Promise<boolean> {
  await query('SAVEPOINT marker')
  try {
    const [row] = await query<{ visible: boolean }>(
      `SELECT EXISTS (SELECT FROM ONLY ${table} WHERE nonce = $1) AS visible`,
      [nonce],
    )
    await query('RELEASE SAVEPOINT marker')
    return row?.visible === true
  } catch {
    // No such table, or no right to read it.
    await query('ROLLBACK TO SAVEPOINT marker')
    return false
  }
}

/** Creates schema and table where they are missing. `false`: they cannot be had. */
export async function prepareMarker(query: Query): Promise<boolean> {
  const [state] = await query<{ ours: boolean | null; table: boolean; standby: boolean; may_create: boolean }>(
    `SELECT pg_catalog.pg_is_in_recovery() AS standby,
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') AS may_create,
       (SELECT COALESCE(pg_catalog.obj_description(oid, 'pg_namespace'), '') = $2
        FROM pg_catalog.pg_namespace WHERE nspname = $1) AS ours,
       pg_catalog.to_regclass($3) IS NOT NULL AS table`,
    [bookkeepingSchema, bookkeepingComment, table],
  )
  if (!state || state.standby || state.ours === false) return false
  if (state.ours && state.table) return true
  if (!state.may_create) return false
  try {
    // One simple query is one transaction: the schema never exists without the comment that says whose it is.
    await query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(bookkeepingSchema)};
      COMMENT ON SCHEMA ${quoteIdentifier(bookkeepingSchema)} IS ${quoteLiteral(bookkeepingComment)};
      CREATE TABLE IF NOT EXISTS ${table} (
        nonce text PRIMARY KEY,
        written_at timestamptz NOT NULL DEFAULT pg_catalog.now()
      )`)
    return true
  } catch {
    return false
  }
}
