import type { Query } from '../../postgres/query.ts'
import type { DatabaseContext, Probe } from './probe.ts'

/**
 * Functions in constraints, indexes, generated columns, statistics and materialized views that name things without a
 * schema: a restore, like pg_restore, runs them under an empty search_path, where they fail.
 */
export const functionSearchPaths: Probe<DatabaseContext> = {
  id: 'restore.functions',
  async run({ session: { query } }) {
    const functions = await query<UsedFunction>(usedFunctionsSql)
    const names = functions.some(({ language }) => language === 'plpgsql')
      ? await readUserNames(query)
      : new Set<string>()
    const found: { name: string; usedBy: string; why: string }[] = []
    for (const one of functions) {
      const why = one.language === 'sql' ? await validate(query, one.oid) : unqualified(one.source, names)
      if (why !== null) found.push({ name: one.name, usedBy: one.used_by, why })
    }
    const [first] = found
    if (!first) return []
    const shown = found.slice(0, 5).map(({ name, usedBy, why }) => `${name} in ${usedBy} (${why})`)
    const more = found.length > 5 ? ` and ${found.length - 5} more` : ''
    return [
      {
        id: 'restore.functions',
        level: 'warning',
        message: `Functions need a search_path: ${shown.join('; ')}${more}. A restore tries again under the database's own; stock pg_restore cannot restore them.`,
        advice: `ALTER FUNCTION ${first.name} SET search_path = the schemas it needs, or name them in its body; then back up again. {backups.verify} with the level \`restore\` proves it.`,
      },
    ]
  },
}

interface UsedFunction {
  oid: string
  name: string
  language: 'sql' | 'plpgsql'
  source: string
  used_by: string
}

/** The server's own check of a function's body, under our empty search_path. */
async function validate(query: Query, oid: string): Promise<string | null> {
  try {
    await query('SELECT pg_catalog.fmgr_sql_validator($1::pg_catalog.oid)', [oid])
    return null
  } catch (error) {
    const state = (error as { detail?: { sqlstate?: unknown } }).detail?.sqlstate
    // Rights to look at it are not what is asked.
    if (typeof state !== 'string' || !/^(42|3F)/.test(state) || state === '42501') return null
    return (error as Error).message.replace(/^Asking [^ ]+: /, '')
  }
}

/** The first name in PL/pgSQL code that the database has and that stands without a schema; the code is not understood. */
export function unqualified(source: string, names: ReadonlySet<string>): string | null {
  const code = source.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/g, ' ')
  for (const [word] of code.matchAll(/(?<![\w$.])[a-z_][\w$]*(?![\w$.])/gi))
    if (names.has(word.toLowerCase())) return `it names ${word} without a schema`
  return null
}

async function readUserNames(query: Query): Promise<Set<string>> {
  const rows = await query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_catalog.pg_class WHERE oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'f')
     UNION SELECT proname::text FROM pg_catalog.pg_proc WHERE oid >= 16384`,
  )
  return new Set(rows.map(({ name }) => name.toLowerCase()))
}

const usedFunctionsSql = `
  WITH used AS (
    SELECT refobjid AS function, classid, objid FROM pg_catalog.pg_depend
    WHERE refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND objid >= 16384
  ), places AS (
    SELECT u.function, 'constraint ' || k.conname AS place FROM used u
      JOIN pg_catalog.pg_constraint k ON u.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND k.oid = u.objid
    UNION ALL SELECT u.function, CASE c.relkind WHEN 'm' THEN 'materialized view ' ELSE 'index ' END || c.oid::pg_catalog.regclass::text
      FROM used u LEFT JOIN pg_catalog.pg_rewrite r ON u.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND r.oid = u.objid
      JOIN pg_catalog.pg_class c ON c.oid = CASE WHEN u.classid = 'pg_catalog.pg_class'::pg_catalog.regclass THEN u.objid ELSE r.ev_class END
      WHERE c.relkind IN ('i', 'I', 'm')
    UNION ALL SELECT u.function, 'generated column ' || a.attname FROM used u
      JOIN pg_catalog.pg_attrdef d ON u.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.oid = u.objid
      JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated <> ''
    UNION ALL SELECT u.function, 'statistics ' || s.stxname FROM used u
      JOIN pg_catalog.pg_statistic_ext s ON u.classid = 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass AND s.oid = u.objid
  )
  SELECT p.oid::pg_catalog.int8::text AS oid, p.oid::pg_catalog.regprocedure::text AS name, l.lanname::text AS language,
    p.prosrc AS source, pg_catalog.min(places.place) AS used_by
  FROM places JOIN pg_catalog.pg_proc p ON p.oid = places.function JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE l.lanname IN ('sql', 'plpgsql') AND p.oid >= 16384 AND p.prosqlbody IS NULL
    AND NOT EXISTS (SELECT FROM pg_catalog.unnest(p.proconfig) AS setting WHERE setting LIKE 'search\\_path=%')
  GROUP BY p.oid, l.lanname, p.prosrc ORDER BY 2 LIMIT 500`
