import type { Query } from '../../postgres/query.ts'
import { tableName } from '../live-view.ts'
import { readForeignKeys } from './foreign-keys.ts'
import type { RewindRights } from './rewind-plan.ts'
import { readRules, readTriggers } from './triggers.ts'

/** What the session may do to some tables. `query` must be outside of a transaction. */
export async function readRewindRights(
  query: Query,
  tables: readonly { oid: number; schema: string; name: string }[],
): Promise<RewindRights> {
  const oids = tables.map(({ oid }) => oid)
  const rows = await query<{ oid: string; schema: string; name: string; writable: boolean; owned: boolean }>(
    `SELECT c.oid::pg_catalog.int8::text AS oid, n.nspname::text AS schema, c.relname::text AS name,
       pg_catalog.has_table_privilege(c.oid, 'INSERT') AND pg_catalog.has_table_privilege(c.oid, 'DELETE') AS writable,
       pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = ANY ($1::pg_catalog.oid[]) ORDER BY 2, 3`,
    [oids.map(String)],
  )
  const owned = new Set(rows.filter((row) => row.owned).map(tableName))
  const triggers = await readTriggers(query, oids)
  const foreignKeys = await readForeignKeys(query, oids)
  const [temporary] = await query<{ may: boolean }>(
    "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY') AS may",
  )
  return {
    replicaRole: await mayBeReplica(query),
    temporaryTables: temporary!.may,
    notWritable: rows.filter((row) => !row.writable).map(tableName),
    notOwned: rows.filter((row) => !row.owned).map(tableName),
    stubbornTriggers: triggers
      .filter(({ table, enabled }) => enabled !== 'O' && !owned.has(tableName(table)))
      .map(({ table, name }) => `${name} on ${tableName(table)}`),
    stuckForeignKeys: foreignKeys.filter((key) => !key.child.owned || !key.ordinary).map(({ name }) => name),
    rules: { replica: await readRules(query, oids, true), owner: await readRules(query, oids, false) },
  }
}

/** By trying: managed servers differ, and none says. */
async function mayBeReplica(query: Query): Promise<boolean> {
  await query('BEGIN')
  try {
    await query("SET LOCAL session_replication_role = 'replica'")
    return true
  } catch {
    return false
  } finally {
    await query('ROLLBACK')
  }
}
