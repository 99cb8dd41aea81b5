import { EngineError } from '../errors.ts'
import { nearestName } from '../nearest-name.ts'
import { type Exclusions, exclusionMatcher, unmatchedExclusions } from './excluded.ts'
import { qualifiedName, quoteIdentifier } from './identifiers.ts'
import type { Query } from './query.ts'

/**
 * Throws `CONFIG_INVALID` where something that is kept needs something that is left out: such a backup could not be
 * restored, because its definitions would name what is not there, or its foreign keys would not hold.
 */
export async function refuseTornExclusions(query: Query, exclude: Exclusions): Promise<void> {
  if (exclude.tables.length + exclude.schemas.length + exclude.rows.length === 0) return
  const problems = [...(await brokenDefinitions(query, exclude)), ...(await brokenKeys(query, exclude))]
  if (problems.length === 0) return
  const more = problems.length > 5 ? ` and ${problems.length - 5} more` : ''
  throw new EngineError(
    'CONFIG_INVALID',
    `With these exclusions the backup could not be restored: ${problems.slice(0, 5).join('; ')}${more}.`,
    {
      detail: { problems: problems.slice(0, 100) },
      advice: 'Leave out what is named first as well, or nothing of it.',
    },
  )
}

/** Throws `CONFIG_INVALID` for names of exclusions that nothing has, with the nearest ones: a misspelled one protects nothing. */
export async function refuseUnknownExclusions(query: Query, exclude: Exclusions): Promise<void> {
  if (exclude.tables.length + exclude.schemas.length + exclude.rows.length === 0) return
  const relations = await readRelations(query)
  const schemas = (await query<{ name: string }>('SELECT nspname::text AS name FROM pg_catalog.pg_namespace')).map(
    ({ name }) => name,
  )
  const unknown = unmatchedExclusions(exclude, relations, schemas)
  if (unknown.length === 0) return
  const full = relations.map(({ schema, name }) => `${schema}.${name}`)
  const texts = unknown.slice(0, 5).map(({ option, name }) => {
    if (option === 'schemas') return `schema "${name}"${meant(nearestName(name, schemas))}`
    const nearest = nearestName(name.includes('.') ? name : `public.${name}`, full)
    const elsewhere = full.find((one) => one.endsWith(`.${name}`))
    return `table "${name}"${meant(nearest ?? elsewhere)}`
  })
  throw new EngineError('CONFIG_INVALID', `The database has none of what is to be left out: ${texts.join('; ')}.`, {
    detail: { unknown },
    advice: 'Correct the names, or remove them; `*` stands for any characters, and may match nothing.',
  })
}

function meant(name: string | undefined): string {
  return name === undefined ? '' : ` (did you mean "${name}"?)`
}

interface Relation {
  oid: string
  schema: string
  name: string
}

async function readRelations(query: Query): Promise<Relation[]> {
  return query<Relation>(
    `SELECT c.oid::pg_catalog.int8::text AS oid, n.nspname AS schema, c.relname AS name
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
       AND NOT pg_catalog.starts_with(n.nspname, 'pg_') AND n.nspname <> 'information_schema'`,
  )
}

/** What is kept and, by the server's own records, depends on what is left out. */
async function brokenDefinitions(query: Query, exclude: Exclusions): Promise<string[]> {
  if (exclude.tables.length + exclude.schemas.length === 0) return []
  const matcher = exclusionMatcher(exclude)
  const gone = (await readRelations(query)).filter((relation) => matcher.excludesTable(relation))
  const schemas = (await query<{ name: string }>('SELECT nspname::text AS name FROM pg_catalog.pg_namespace'))
    .map(({ name }) => name)
    .filter((name) => matcher.excludesSchema(name))
  const rows = await query<{ dependent: string; needed: string }>(
    `WITH gone AS (SELECT oid FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS given(oid)),
       ns AS (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($2::text[])),
       missing(classid, objid) AS (
         SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, oid FROM gone
         UNION ALL SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid FROM ns
         UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, oid FROM pg_catalog.pg_type
           WHERE typnamespace IN (SELECT oid FROM ns) OR typrelid IN (SELECT oid FROM gone)
         UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, oid FROM pg_catalog.pg_proc
           WHERE pronamespace IN (SELECT oid FROM ns)
         UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, oid FROM pg_catalog.pg_operator
           WHERE oprnamespace IN (SELECT oid FROM ns)
         UNION ALL SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid FROM pg_catalog.pg_opclass
           WHERE opcnamespace IN (SELECT oid FROM ns)
         UNION ALL SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass, oid FROM pg_catalog.pg_collation
           WHERE collnamespace IN (SELECT oid FROM ns)),
       dependents AS (
         SELECT DISTINCT d.classid, d.objid, d.refclassid, d.refobjid, CASE d.classid
             WHEN 'pg_catalog.pg_class'::pg_catalog.regclass
               THEN COALESCE((SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid = d.objid), d.objid)
             WHEN 'pg_catalog.pg_constraint'::pg_catalog.regclass
               THEN (SELECT conrelid FROM pg_catalog.pg_constraint WHERE oid = d.objid)
             WHEN 'pg_catalog.pg_rewrite'::pg_catalog.regclass
               THEN (SELECT ev_class FROM pg_catalog.pg_rewrite WHERE oid = d.objid)
             WHEN 'pg_catalog.pg_attrdef'::pg_catalog.regclass
               THEN (SELECT adrelid FROM pg_catalog.pg_attrdef WHERE oid = d.objid)
             WHEN 'pg_catalog.pg_trigger'::pg_catalog.regclass
               THEN (SELECT tgrelid FROM pg_catalog.pg_trigger WHERE oid = d.objid)
             WHEN 'pg_catalog.pg_policy'::pg_catalog.regclass
               THEN (SELECT polrelid FROM pg_catalog.pg_policy WHERE oid = d.objid)
           END AS relation
         FROM pg_catalog.pg_depend d
         JOIN missing ON (missing.classid, missing.objid) = (d.refclassid, d.refobjid)
         WHERE d.deptype IN ('n', 'a')
           AND d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_constraint'::pg_catalog.regclass,
             'pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_attrdef'::pg_catalog.regclass,
             'pg_catalog.pg_trigger'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass,
             'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass,
             'pg_catalog.pg_extension'::pg_catalog.regclass)
           AND NOT EXISTS (SELECT FROM missing m WHERE (m.classid, m.objid) = (d.classid, d.objid)))
     SELECT pg_catalog.pg_describe_object(classid, objid, 0) AS dependent,
       pg_catalog.pg_describe_object(refclassid, refobjid, 0) AS needed
     FROM dependents
     WHERE (relation IS NULL OR relation NOT IN (SELECT oid FROM gone))
       -- A sequence without its table is an object like any other; indexes go with their tables.
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation
         AND (c.relkind = 'S' OR c.relnamespace IN (SELECT oid FROM ns) OR c.relpersistence = 't'))
     ORDER BY 1, 2`,
    [gone.map(({ oid }) => oid), schemas],
  )
  return rows.map(({ dependent, needed }) => `${dependent} needs ${needed}`)
}

/** Foreign keys of rows that are kept to rows that are left out. */
async function brokenKeys(query: Query, exclude: Exclusions): Promise<string[]> {
  if (exclude.rows.length === 0) return []
  const matcher = exclusionMatcher(exclude)
  const keys = await query<{ key: string; columns: string[]; from: Relation; to: Relation }>(
    `SELECT k.conname AS key,
       (SELECT pg_catalog.array_agg(a.attname::text) FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)) AS columns,
       pg_catalog.jsonb_build_object('schema', fn.nspname, 'name', f.relname) AS from,
       pg_catalog.jsonb_build_object('schema', tn.nspname, 'name', t.relname) AS to
     FROM pg_catalog.pg_constraint k
     JOIN pg_catalog.pg_class f ON f.oid = k.conrelid JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
     JOIN pg_catalog.pg_class t ON t.oid = k.confrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
     WHERE k.contype = 'f' AND k.convalidated AND f.relkind = 'r' AND f.relpersistence <> 't'
     ORDER BY fn.nspname, f.relname, k.conname`,
  )
  const isKept = (relation: Relation) => !matcher.excludesTable(relation) && !matcher.excludesRows(relation)
  const problems: string[] = []
  for (const { key, columns, from, to } of keys) {
    if (!isKept(from) || matcher.excludesTable(to) || !matcher.excludesRows(to)) continue
    const refers = columns.map((column) => `${quoteIdentifier(column)} IS NOT NULL`).join(' AND ')
    const [row] = await query<{ some: boolean }>(
      `SELECT EXISTS (SELECT FROM ONLY ${qualifiedName(from)} WHERE ${refers}) AS some`,
    )
    if (row?.some)
      problems.push(`rows of ${from.schema}.${from.name} refer (${key}) to rows of ${to.schema}.${to.name}`)
  }
  return problems
}
