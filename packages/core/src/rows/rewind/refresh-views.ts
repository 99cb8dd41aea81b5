import { log, type Reporter } from '../../events.ts'
import type { Query } from '../../postgres/query.ts'
import { planRefreshes } from '../../restore/database/materialized-views.ts'

/**
 * Refreshes the materialized views that read from some tables, directly or through views, and that have rows. One that
 * fails is a warning: the tables are right by then. Gives their names.
 */
export async function refreshDependentViews(
  query: Query,
  oids: readonly number[],
  report: Reporter | undefined,
): Promise<string[]> {
  const views = await query<{ schema: string; name: string }>(
    `WITH RECURSIVE reads AS (
       SELECT DISTINCT r.ev_class AS view, d.refobjid AS source FROM pg_catalog.pg_rewrite r
       JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
       WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class),
     touched(oid) AS (
       SELECT t.oid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS t(oid)
       UNION SELECT a.relid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS t(oid), pg_catalog.pg_partition_ancestors(t.oid) a),
     reached(oid) AS (SELECT oid FROM touched UNION SELECT reads.view FROM reads JOIN reached ON reads.source = reached.oid)
     SELECT n.nspname::text AS schema, c.relname::text AS name FROM reached JOIN pg_catalog.pg_class c ON c.oid = reached.oid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'm' AND c.relispopulated`,
    [oids.map(String)],
  )
  if (views.length === 0) return []
  const refreshed: string[] = []
  for (const { sql: statement } of (await planRefreshes(query, views)).refreshed) {
    try {
      await query(statement)
      refreshed.push(statement.replace('REFRESH MATERIALIZED VIEW ', ''))
    } catch (error) {
      log(report, 'warning', `${statement} failed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return refreshed
}
