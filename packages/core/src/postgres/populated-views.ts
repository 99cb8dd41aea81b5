import type { Query } from './query.ts'

/** Materialized views that hold rows, and so are refreshed by a restore; those of extensions are none of ours. */
export async function readPopulatedViews(query: Query): Promise<{ schema: string; name: string }[]> {
  return query(`
    SELECT n.nspname AS schema, c.relname AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'm' AND c.relispopulated
    ORDER BY n.nspname, c.relname`)
}
