import type { Query } from './query.ts'

/**
 * Tablespaces that something in this database lies in, the database's own default among them; without `pg_default`
 * and `pg_global`, which every server has.
 */
export async function readTablespaces(query: Query): Promise<string[]> {
  const rows = await query<{ name: string }>(`
    SELECT t.spcname AS name FROM pg_catalog.pg_tablespace t
    WHERE t.spcname NOT IN ('pg_default', 'pg_global')
      AND (t.oid IN (SELECT reltablespace FROM pg_catalog.pg_class)
        OR t.oid = (SELECT dattablespace FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
    ORDER BY t.spcname`)
  return rows.map((row) => row.name)
}
