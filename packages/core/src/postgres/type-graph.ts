import type { Query } from './query.ts'

/** A type and what its text form depends on, from the catalog as it is now. */
export interface TypeNode {
  oid: string
  /** Everything of its catalog rows that decides how a value prints, as one text. */
  facts: string
  /** Types whose text is part of this one's. */
  parts: string[]
  /** Whether its text depends on nothing but the value and the settings we pin. */
  comparable: boolean
}

/** Types made by initdb have oids below this. */
const firstNormalOid = 16_384

/** Built-in types that print the names of other objects: renaming those changes the text of untouched rows. */
const namesOthers = `'aclitem', 'regclass', 'regcollation', 'regconfig', 'regdictionary', 'regnamespace', 'regoper',
  'regoperator', 'regproc', 'regprocedure', 'regrole', 'regtype'`

/** Extensions whose types are known to print a value the same way as long as their version is the same. */
const trustedExtensions = `'citext', 'cube', 'hstore', 'intarray', 'ltree', 'postgis', 'seg', 'uint', 'vector'`

/**
 * The given types and all they are made of: elements of arrays, base types of domains, columns of composite types (and
 * of tables, whose rows are types too), subtypes of ranges. Facts include the catalog rows' xmin, because enum output
 * ignores snapshots: a label renamed and renamed back leaves no other trace.
 */
export async function readTypeGraph(query: Query, oids: readonly string[]): Promise<Map<string, TypeNode>> {
  const rows = await query<TypeNode>(
    `WITH RECURSIVE reached(oid) AS (
       SELECT pg_catalog.unnest($1::pg_catalog.oid[])
       UNION
       SELECT part.oid FROM reached, LATERAL (${partsOf('reached.oid')}) part(oid)
     )
     SELECT t.oid::pg_catalog.int8::text AS oid,
       ARRAY(SELECT p.oid::pg_catalog.int8::text FROM (${partsOf('t.oid')}) p(oid)) AS parts,
       CASE
         WHEN t.oid < ${firstNormalOid} THEN t.typname::text
         ELSE pg_catalog.concat_ws(E'\\x1f', t.typname, n.nspname, t.typtype, t.typlen, t.typbyval, t.typalign,
           t.typoutput::pg_catalog.oid, t.typelem, t.typrelid, t.typbasetype, t.typtypmod, t.typndims, t.typdelim, t.xmin,
           extension.name, extension.version,
           (SELECT pg_catalog.concat_ws(E'\\x1e', f.xmin, f.prosrc, f.probin)
            FROM pg_catalog.pg_proc f WHERE f.oid = t.typoutput),
           (SELECT pg_catalog.string_agg(
              pg_catalog.concat_ws(E'\\x1e', e.oid, e.enumlabel, e.xmin), E'\\x1d' ORDER BY e.oid)
            FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid),
           (SELECT pg_catalog.string_agg(
              pg_catalog.concat_ws(E'\\x1e', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attisdropped, a.xmin), E'\\x1d'
              ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0),
           (SELECT pg_catalog.concat_ws(E'\\x1e', r.rngsubtype, r.rngcollation, r.rngsubopc, r.xmin)
            FROM pg_catalog.pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)))
       END AS facts,
       CASE
         -- Locales change with the operating system, and leave no trace in the catalog.
         WHEN t.oid = 'pg_catalog.money'::pg_catalog.regtype
           THEN pg_catalog.current_setting('lc_monetary') IN ('C', 'POSIX')
         WHEN t.oid < ${firstNormalOid} THEN t.typname NOT IN (${namesOthers}) AND t.typtype <> 'p'
         -- A base type's output is code; of code we only trust what we know. True arrays print their elements.
         WHEN t.typtype = 'b' AND t.typoutput <> 'pg_catalog.array_out'::pg_catalog.regproc
           THEN extension.name IS NOT NULL
         ELSE t.typtype IN ('b', 'c', 'd', 'e', 'r', 'm')
       END AS comparable
     FROM reached JOIN pg_catalog.pg_type t ON t.oid = reached.oid
     JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
     LEFT JOIN LATERAL (
       SELECT e.extname AS name, e.extversion AS version FROM pg_catalog.pg_depend d
       JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
       WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e'
         AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND e.extname IN (${trustedExtensions})
     ) extension ON true`,
    [oids],
  )
  return new Map(rows.map((row) => [row.oid, row]))
}

function partsOf(oid: string): string {
  return `
       SELECT x.typelem FROM pg_catalog.pg_type x WHERE x.oid = ${oid} AND x.typelem <> 0
       UNION SELECT x.typbasetype FROM pg_catalog.pg_type x WHERE x.oid = ${oid} AND x.typbasetype <> 0
       UNION SELECT a.atttypid FROM pg_catalog.pg_type x JOIN pg_catalog.pg_attribute a ON a.attrelid = x.typrelid
         WHERE x.oid = ${oid} AND x.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped
       UNION SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE ${oid} IN (r.rngtypid, r.rngmultitypid)`
}
