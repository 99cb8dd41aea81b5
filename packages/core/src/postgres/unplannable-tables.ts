import { sqlState } from './database-errors.ts'
import { qualifiedName } from './identifiers.ts'
import type { Query } from './query.ts'

/** Of some tables, by oid: those that no query of ours may be planned for, each with the reason for people. */
export type Unplannable = ReadonlyMap<number, string>

/**
 * The planner evaluates expressions of a table's indexes and extended statistics whatever the query asks for: it inlines
 * SQL functions and calls functions of constants. Where they name something without a schema that fails under our empty
 * search_path, and where they belong to another role, that role's code would run with our rights. `COPY table TO` is
 * not planned, which is why pg_dump reads such tables; so do we.
 *
 * The session must be inside a transaction, which stays as it was.
 */
export async function findUnplannable(
  query: Query,
  tables: readonly { oid: number; schema: string; name: string }[],
): Promise<Unplannable> {
  const found = new Map<number, string>()
  const own: (typeof tables)[number][] = []
  for (let start = 0; start < tables.length; start += batch) {
    const some = tables.slice(start, start + batch)
    const rows = await query<{ oid: string; foreign_code: string | null }>(userCodeSql, [some.map(({ oid }) => oid)])
    const byOid = new Map(rows.map(({ oid, foreign_code }) => [Number(oid), foreign_code]))
    for (const table of some) {
      const foreign = byOid.get(table.oid)
      if (typeof foreign === 'string') found.set(table.oid, `an index or statistics call ${foreign} of another role`)
      else if (foreign === null) own.push(table)
    }
  }
  for (let start = 0; start < own.length; start += plannedTogether)
    for (const oid of await cannotBePlanned(query, own.slice(start, start + plannedTogether)))
      found.set(oid, 'an index or statistics call functions that need a search_path')
  return found
}

/** Tables asked for at a time, and planned at a time. */
const batch = 1000
const plannedTogether = 50

/** Plans all of them in one statement and, where that fails, each for itself. */
async function cannotBePlanned(
  query: Query,
  tables: readonly { oid: number; schema: string; name: string }[],
): Promise<number[]> {
  const counts = tables.map((table) => `SELECT pg_catalog.count(*) FROM ONLY ${qualifiedName(table)}`)
  await query('SAVEPOINT planning')
  try {
    await query(`EXPLAIN ${counts.join(' UNION ALL ')}`)
    return []
  } catch (error) {
    if (sqlState(error) === undefined) throw error
    await query('ROLLBACK TO SAVEPOINT planning')
    if (tables.length === 1) return [tables[0]!.oid]
    const found: number[] = []
    for (const table of tables) found.push(...(await cannotBePlanned(query, [table])))
    return found
  } finally {
    await query('RELEASE SAVEPOINT planning').catch(() => {})
  }
}

/**
 * Tables whose indexes or statistics call functions that are not the server's own, and one of those functions that is
 * owned by neither this role nor a superuser.
 */
const userCodeSql = `
  WITH expressions AS (
    SELECT indrelid AS relid, 'pg_catalog.pg_class'::pg_catalog.regclass AS classid, indexrelid AS objid
    FROM pg_catalog.pg_index WHERE indrelid = ANY ($1::pg_catalog.oid[]) AND (indexprs IS NOT NULL OR indpred IS NOT NULL)
    UNION ALL
    SELECT stxrelid, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid
    FROM pg_catalog.pg_statistic_ext WHERE stxrelid = ANY ($1::pg_catalog.oid[]) AND stxexprs IS NOT NULL
  ), called AS (
    SELECT e.relid,
      CASE d.refclassid WHEN 'pg_catalog.pg_operator'::pg_catalog.regclass
        THEN (SELECT oprcode::pg_catalog.oid FROM pg_catalog.pg_operator WHERE oid = d.refobjid)
        ELSE d.refobjid END AS function
    FROM expressions e JOIN pg_catalog.pg_depend d ON d.classid = e.classid AND d.objid = e.objid
    WHERE d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass)
  )
  SELECT c.relid::pg_catalog.int8::text AS oid,
    pg_catalog.min(p.oid::pg_catalog.regprocedure::text) FILTER (WHERE NOT r.rolsuper AND r.rolname <> current_user) AS foreign_code
  FROM called c JOIN pg_catalog.pg_proc p ON p.oid = c.function JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
  WHERE p.oid >= 16384 GROUP BY c.relid`
