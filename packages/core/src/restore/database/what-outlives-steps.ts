import type { MigrationInspector } from '../../migrations/inspector.ts'
import type { Query } from '../../postgres/query.ts'

/** What of a copy is compared before and after the steps. */
export interface BeforeSteps {
  ledgers: string
  casts: string[]
  /** Of views, too: each version of each. */
  rules: string[]
}

export async function readBeforeSteps(query: Query, inspectors: readonly MigrationInspector[]): Promise<BeforeSteps> {
  const casts = await query<{ oid: string }>(`SELECT oid::text AS oid FROM pg_catalog.pg_cast WHERE ${isOwnCast}`)
  const rules = await query<{ version: string }>(`SELECT ${ruleVersion} AS version FROM pg_catalog.pg_rewrite r`)
  return {
    ledgers: await ledgerKinds(query, inspectors),
    casts: casts.map(({ oid }) => oid),
    rules: rules.map(({ version }) => version),
  }
}

const isOwnCast = "oid >= 16384 AND castmethod = 'f'"
const ruleVersion = "pg_catalog.concat_ws(' ', r.oid, r.xmin)"

/**
 * Why what the steps left must not stay: it would run as our role when that reads the tables of migrations, or have the rights
 * of its next owner, which can be a superuser. Null where there is nothing of the kind.
 */
export async function whatOutlivesSteps(
  query: Query,
  before: BeforeSteps,
  { role, inspectors }: { role: string; inspectors: readonly MigrationInspector[] },
): Promise<string | null> {
  if ((await ledgerKinds(query, inspectors)) !== before.ledgers) return 'a table of migrations was replaced'
  const [cast] = await query<{ name: string }>(
    `SELECT pg_catalog.format('%s AS %s', pg_catalog.format_type(castsource, NULL), pg_catalog.format_type(casttarget, NULL)) AS name
     FROM pg_catalog.pg_cast WHERE ${isOwnCast} AND oid <> ALL ($1::oid[])`,
    [before.casts],
  )
  if (cast) return `a down step made a cast, ${cast.name}`
  const [definer] = await query<{ name: string }>(
    `SELECT p.oid::pg_catalog.regprocedure::text AS name FROM pg_catalog.pg_proc p
     WHERE prosecdef AND proowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1)`,
    [role],
  )
  if (definer) return `a down step made a SECURITY DEFINER function, ${definer.name}`
  // That they depend on what every database has is recorded nowhere but in their own text.
  const [rule] = await query<{ name: string; catalog: string }>(
    `SELECT r.ev_class::pg_catalog.regclass::text AS name, s.oid::pg_catalog.regclass::text AS catalog
     FROM pg_catalog.pg_rewrite r,
       pg_catalog.regexp_matches(pg_catalog.concat(r.ev_action::text, r.ev_qual::text), ':relid (\\d+)', 'g') AS found (ids)
     JOIN pg_catalog.pg_class s ON s.oid = found.ids[1]::pg_catalog.oid
     WHERE ${ruleVersion} <> ALL ($1::text[]) AND s.oid < 16384
       AND (s.relkind = 'r' OR NOT pg_catalog.has_table_privilege($2::name, s.oid, 'SELECT'))`,
    [before.rules, role],
  )
  if (rule) return `a down step made a view or a rule of ${rule.name} that reaches into ${rule.catalog}`
  return null
}

/** What the tables of migrations are. Asked before they are read by our role: a view would run its functions. */
async function ledgerKinds(query: Query, inspectors: readonly MigrationInspector[]): Promise<string> {
  const names = inspectors.flatMap(({ ledgerTables }) => ledgerTables)
  const rows = await query<{ kind: string }>(
    `SELECT pg_catalog.concat_ws(' ', given, c.oid, c.relkind, c.relrowsecurity, c.relhasrules,
       ARRAY(SELECT DISTINCT atttypid FROM pg_catalog.pg_attribute a
         WHERE a.attrelid = c.oid AND a.atttypid >= 16384 ORDER BY 1)) AS kind
     FROM pg_catalog.unnest($1::text[]) AS given
     LEFT JOIN pg_catalog.pg_class c ON c.relkind <> 'c'
       AND c.relname = pg_catalog.substr(given, pg_catalog.strpos(given, '.') + 1)
       AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname =
         CASE WHEN pg_catalog.strpos(given, '.') = 0 THEN 'public' ELSE pg_catalog.split_part(given, '.', 1) END)
     ORDER BY 1`,
    [names],
  )
  return rows.map(({ kind }) => kind).join('\n')
}
