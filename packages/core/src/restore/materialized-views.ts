import { qualifiedName } from '../postgres/identifiers.ts'
import type { Query } from '../postgres/query.ts'

/**
 * Statements that refresh materialized views, each after those it reads from, directly or through views. `populated`
 * (`schema.name` pairs) narrows it to those the backup says had data; null: all.
 */
export async function refreshStatements(
  query: Query,
  populated: readonly { schema: string; name: string }[] | null = null,
): Promise<string[]> {
  const views = await query<{ id: string; schema: string; name: string; kind: string }>(
    `SELECT c.oid::text AS id, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('m', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     ORDER BY n.nspname, c.relname`,
  )
  const reads = await query<{ view: string; source: string }>(
    `SELECT DISTINCT r.ev_class::text AS view, d.refobjid::text AS source
     FROM pg_catalog.pg_rewrite r
     JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = r.oid
     JOIN pg_catalog.pg_class s ON s.oid = d.refobjid AND s.relkind IN ('m', 'v')
     WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid <> r.ev_class`,
  )
  const wanted = populated && new Set(populated.map(qualifiedName))
  const sourcesOf = Map.groupBy(reads, ({ view }) => view)
  const byId = new Map(views.map((view) => [view.id, view]))
  const done = new Set<string>()
  const statements: string[] = []
  const visit = (id: string) => {
    const view = byId.get(id)
    if (!view || done.has(id)) return
    done.add(id)
    for (const { source } of sourcesOf.get(id) ?? []) visit(source)
    if (view.kind !== 'm' || (wanted && !wanted.has(qualifiedName(view)))) return
    statements.push(`REFRESH MATERIALIZED VIEW ${qualifiedName(view)}`)
  }
  for (const { id } of views) visit(id)
  return statements
}
