import { randomBytes } from 'node:crypto'
import { bookkeepingComment, bookkeepingSchema } from './excluded.ts'
import { quoteIdentifier, quoteLiteral } from './identifiers.ts'
import type { Query } from './query.ts'

const table = `${quoteIdentifier(bookkeepingSchema)}.marker`

/** A nonce in `lifeboat.marker`. */
export interface Marker {
  nonce: string
  /**
   * Id (xid8) of the transaction that wrote it; `null` where that transaction may have written something else too: a
   * trigger, a rule, a default or a constraint of the table can call any function.
   */
  transaction: string | null
}

/**
 * Writes a random nonce into `lifeboat.marker`, after a snapshot has been exported and on another connection, and makes
 * the server flush it to disk. If a later snapshot sees the nonce, nothing that the exported one saw was lost in
 * between: WAL is only ever lost from its end, and the nonce lies behind all of it.
 *
 * `null` where that cannot be done: on a standby, without rights, or where a schema of that name belongs to another application.
 */
export async function writeMarker(query: Query): Promise<Marker | null> {
  if (!(await prepareMarker(query))) return null
  const nonce = randomBytes(16).toString('hex')
  try {
    await query('SET synchronous_commit = on')
    // In one statement: its lock keeps the table from being altered, so what is seen of it held for the row written.
    const [written] = await query<{ transaction: string; plain: boolean }>(
      `WITH written AS (
         INSERT INTO ${table} (nonce) VALUES ($1) RETURNING pg_catalog.pg_current_xact_id()::text AS transaction
       ) SELECT transaction, ${isPlain} AS plain FROM written`,
      [nonce],
    )
    // A backup that old is no base any more; the limit only keeps the table small.
    await query(`DELETE FROM ${table} WHERE written_at < pg_catalog.now() - interval '400 days'`)
    return { nonce, transaction: written?.plain ? written.transaction : null }
  } catch {
    return null
  }
}

/** Whether to insert into the table runs nothing but what {@link prepareMarker} made of it. */
const isPlain = `EXISTS (
  SELECT FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(${quoteLiteral(table)})
    AND c.relkind = 'r' AND c.relpersistence = 'p' AND NOT c.relrowsecurity
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype NOT IN ('p', 'n'))
    AND (SELECT pg_catalog.array_agg(pg_catalog.concat_ws(' ', a.attname, a.atttypid,
           pg_catalog.pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum)
         FROM pg_catalog.pg_attribute a
         LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
      = ARRAY['nonce 25', 'written_at 1184 now()']
    AND (SELECT pg_catalog.array_agg(i.indisprimary AND i.indexprs IS NULL AND i.indpred IS NULL)
         FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid) = ARRAY[true])`

/**
 * Of transactions that wrote nothing but a marker (nonce and id), those whose marker is visible under the snapshot of
 * this transaction, as that transaction wrote it. The transaction survives whatever happens.
 */
export async function visibleMarkers(query: Query, markers: ReadonlyMap<string, string>): Promise<Set<string>> {
  if (markers.size === 0) return new Set()
  await query('SAVEPOINT markers')
  try {
    const rows = await query<{ nonce: string; id: string }>(
      `SELECT nonce, xmin::text AS id FROM ONLY ${table} WHERE nonce = ANY ($1::text[])`,
      [[...markers.keys()]],
    )
    await query('RELEASE SAVEPOINT markers')
    return new Set(
      rows.flatMap(({ nonce, id }) => {
        const transaction = markers.get(nonce)
        return transaction !== undefined && String(BigInt(transaction) & 0xffff_ffffn) === id ? [transaction] : []
      }),
    )
  } catch {
    await query('ROLLBACK TO SAVEPOINT markers')
    return new Set()
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
