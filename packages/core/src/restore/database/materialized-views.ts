import { qualifiedName } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'

export interface Refreshes {
  /** In the order in which they can be refreshed. */
  refreshed: { schema: string; name: string; sql: string }[]
  /** `schema.name` of those that stay empty because of those that were asked to. */
  leftEmpty: string[]
}

/**
 * How to refresh materialized views, each after those it reads from, directly or through views. `populated`
 * (`schema.name` pairs) narrows it to those the backup says had data; null: all. Those of `unpopulated` (`schema.name`)
 * stay empty, and what reads from them.
 */
export async function planRefreshes(
  query: Query,
  populated: readonly { schema: string; name: string }[] | null = null,
  unpopulated: readonly string[] = [],
): Promise<Refreshes> {
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
  const plan: Refreshes = { refreshed: [], leftEmpty: [] }
  /** Whether it can be read, by id. */
  const readable = new Map<string, boolean>()
  const visit = (id: string): boolean => {
    const view = byId.get(id)
    if (!view) return true
    const known = readable.get(id)
    if (known !== undefined) return known
    readable.set(id, true)
    const sources = (sourcesOf.get(id) ?? []).map(({ source }) => visit(source))
    const name = `${view.schema}.${view.name}`
    const isReadable = sources.every(Boolean) && !(view.kind === 'm' && unpopulated.includes(name))
    readable.set(id, isReadable)
    if (view.kind !== 'm' || (wanted && !wanted.has(qualifiedName(view)))) return isReadable
    if (!isReadable) plan.leftEmpty.push(name)
    else plan.refreshed.push({ ...view, sql: `REFRESH MATERIALIZED VIEW ${qualifiedName(view)}` })
    return isReadable
  }
  for (const { id } of views) visit(id)
  return plan
}
