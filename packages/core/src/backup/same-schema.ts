import { EngineError } from '../errors.ts'
import type { ExportedSnapshot } from '../postgres/exported-snapshot.ts'
import { fingerprintTables } from '../postgres/fingerprint.ts'
import { qualifiedName } from '../postgres/identifiers.ts'
import type { Query } from '../postgres/query.ts'

/**
 * Looks, after the last row has been read, whether names and types still mean what they meant under the snapshot.
 *
 * Output functions look at the present catalogs, not at the snapshot's: rows read after an enum label was renamed have
 * its new name, rows read before and the schema archive its old one. And while a table's lock keeps the table from being
 * renamed, nothing keeps its schema from it: two schemas may have changed places. `query` sees the catalogs as of now.
 *
 * @throws EngineError `DATABASE_CHANGED`
 */
export async function refuseChanges(query: Query, snapshot: ExportedSnapshot): Promise<void> {
  const { tables } = snapshot
  const after = await fingerprintTables(query, tables)
  const changed = tables.find(({ oid, fingerprint }) => after.get(oid)?.fingerprint !== fingerprint)
  if (changed) throw databaseChanged(changed, 'Columns or types of', 'changed while its rows were read.')

  const names = await query<{ oid: string | null }>(
    `SELECT pg_catalog.to_regclass(name)::pg_catalog.oid::pg_catalog.int8::text AS oid
     FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS given(name, position) ORDER BY position`,
    [tables.map(qualifiedName)],
  )
  const renamed = tables.find(({ oid }, index) => names[index]?.oid !== String(oid))
  if (renamed) throw databaseChanged(renamed, 'The name', 'meant another table while its rows were read.')

  // There and back again leaves the names as they were, but not the rows of pg_namespace.
  const before = await readSchemas(snapshot.session.query, tables)
  const now = await readSchemas(query, tables)
  const moved = tables.find(({ schema }) => before.get(schema) !== now.get(schema))
  if (moved) throw databaseChanged(moved, 'The schema of', 'was altered while its rows were read.')
}

async function readSchemas(query: Query, tables: readonly { schema: string }[]): Promise<Map<string, string>> {
  const rows = await query<{ name: string; version: string }>(
    `SELECT nspname AS name, pg_catalog.concat_ws(' ', oid, xmin) AS version
     FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::text[])`,
    [[...new Set(tables.map(({ schema }) => schema))]],
  )
  return new Map(rows.map(({ name, version }) => [name, version]))
}

function databaseChanged(table: { schema: string; name: string }, before: string, after: string): EngineError {
  const name = `${table.schema}.${table.name}`
  return new EngineError('DATABASE_CHANGED', `${before} ${name} ${after}`, { detail: { table: name } })
}
