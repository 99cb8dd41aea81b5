import { type Exclusions, exclusionMatcher, noExclusions } from './excluded.ts'
import type { Query } from './query.ts'
import { dumpedRelations, extensionConfiguration } from './what-is-dumped.ts'

/** A relation with rows that a backup holds. Field names are those of the stored record. */
export interface SourceTable {
  oid: number
  schema: string
  name: string
  /** Always `r`: ordinary tables and the leaves of partitioned ones. */
  relkind: string
  relfilenode: number
  access_method: string | null
  /** Neither unlogged nor temporary: a crash loses nothing of it that was committed. */
  permanent: boolean
  /** What COPY selects, in order: no generated, no dropped columns. May be empty. */
  columns: string[]
  /** `WHERE ...` of an extension's configuration table, else null. */
  condition: string | null
  /** The partitioned root its rows have to be loaded through, where oids decide which partition a row belongs to. */
  load_via: { schema: string; name: string } | null
  /** Rows left out on request. Such a table is listed, but not read. */
  rows_excluded: boolean
  /** Blocks of the main fork, read after the snapshot. */
  blocks: number
  /** Size with TOAST, in bytes: for planning and progress, not exact. */
  total_bytes: number
  /** Whether it can be read by ranges of blocks. */
  divisible: boolean
  /** Why no query of it may be planned (unplannable-tables.ts); null: there is no reason. */
  unplannable?: string | null
}

/**
 * The tables whose rows `pg_dump` would dump, by its own rules: ordinary tables (also unlogged ones and the leaves of
 * partitioned ones) outside of the system's and temporary schemas; of tables that belong to an extension only those
 * it registered as configuration, with the condition it gave. No views, foreign tables or partitioned parents.
 */
export async function readTables(query: Query, exclusions: Exclusions = noExclusions): Promise<SourceTable[]> {
  const matcher = exclusionMatcher(exclusions)
  const tables: SourceTable[] = []
  for (let last = { schema: '', name: '' }; ; ) {
    const rows = await query<TableRow>(pageSql, [last.schema, last.name])
    const kept = rows.filter((row) => !matcher.excludesTable(row))
    const sizes = await readSizes(
      query,
      kept.map((row) => row.oid),
    )
    for (const { ancestors, ...row } of kept)
      tables.push({
        ...row,
        oid: Number(row.oid),
        relfilenode: Number(row.relfilenode),
        blocks: sizes.get(row.oid)?.blocks ?? 0,
        total_bytes: sizes.get(row.oid)?.total_bytes ?? 0,
        // The rows of a partitioned table are in its partitions: to leave out the one is to leave out the others.
        rows_excluded: [row, ...ancestors].some(matcher.excludesRows),
        divisible: row.access_method === 'heap' && row.condition === null,
      })
    if (rows.length < page) return tables
    last = rows.at(-1) as TableRow
  }
}

/** Only of the tables asked for: to measure one takes a lock on it, which may have to wait unless it is held. */
async function readSizes(query: Query, oids: string[]): Promise<Map<string, { blocks: number; total_bytes: number }>> {
  const rows = await query<{ oid: string; blocks: string | null; total_bytes: string | null }>(
    // Not pg_table_size: that looks for every fork of the TOAST table and of its index too, twice the time.
    `SELECT oid, blocks::text, (bytes + toast)::text AS total_bytes
     FROM (
       SELECT c.oid::pg_catalog.int8::text AS oid, pg_catalog.pg_relation_size(c.oid, 'main') AS bytes,
         COALESCE(pg_catalog.pg_relation_size(NULLIF(c.reltoastrelid, 0), 'main'), 0) AS toast
       FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::pg_catalog.oid[])
     ) AS measured,
     LATERAL (SELECT bytes / pg_catalog.current_setting('block_size')::pg_catalog.int8 AS blocks) AS counted`,
    [oids],
  )
  return new Map(
    rows.map(({ oid, blocks, total_bytes }) => [
      oid,
      // Null when the relation has vanished since it was listed, which cannot be under a lock.
      { blocks: Number(blocks ?? 0), total_bytes: Number(total_bytes ?? 0) },
    ]),
  )
}

/**
 * The root of a partition below a table that is partitioned by the hash of an enum: enums hash by the oids of their
 * labels, so the same row belongs to another partition in another database. pg_dump knows this rule, too.
 */
const unstableRoot = `
  SELECT pg_catalog.jsonb_build_object('schema', rn.nspname, 'name', r.relname) AS name
  FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
  WHERE r.oid = pg_catalog.pg_partition_root(c.oid) AND EXISTS (
    SELECT FROM pg_catalog.pg_partition_ancestors(c.oid) ancestor
    JOIN pg_catalog.pg_partitioned_table pt ON pt.partrelid = ancestor.relid
    JOIN pg_catalog.pg_opclass oc ON oc.oid = ANY (pt.partclass::pg_catalog.oid[])
    WHERE pt.partstrat = 'h' AND oc.opcname = 'enum_ops' AND oc.opcnamespace = 'pg_catalog'::pg_catalog.regnamespace)`

/** The partitioned tables a partition belongs to. */
const partitionAncestors = `
  SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('schema', pn.nspname, 'name', p.relname)) AS names
  FROM pg_catalog.pg_partition_ancestors(c.oid) ancestor
  JOIN pg_catalog.pg_class p ON p.oid = ancestor.relid AND p.oid <> c.oid
  JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace`

/** Tables asked for at a time: what a list of ten thousand leaves behind is not collected soon. */
const page = 1000

/** The next tables after a schema and name, in their order. */
const pageSql = `
  SELECT c.oid::pg_catalog.int8::text AS oid, listed.schema, c.relname AS name, c.relkind::text AS relkind,
    c.relfilenode::pg_catalog.int8::text AS relfilenode, am.amname AS access_method,
    c.relpersistence = 'p' AS permanent,
    columns.names AS columns, listed.condition, root.name AS load_via,
    COALESCE(above.names, '[]') AS ancestors
  FROM (
    SELECT c.oid, n.nspname AS schema, config.condition AS condition
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (${extensionConfiguration}) config ON config.oid = c.oid
    WHERE c.relkind = 'r' AND ${dumpedRelations}
      AND (n.nspname, c.relname) > ($1::pg_catalog.name, $2::pg_catalog.name)
    ORDER BY n.nspname, c.relname LIMIT ${page}
  ) listed
  JOIN pg_catalog.pg_class c ON c.oid = listed.oid
  LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
  CROSS JOIN LATERAL (
    SELECT COALESCE(pg_catalog.array_agg(a.attname::text ORDER BY a.attnum), '{}') AS names
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  ) columns
  LEFT JOIN LATERAL (${unstableRoot}) root ON c.relispartition
  LEFT JOIN LATERAL (${partitionAncestors}) above ON c.relispartition
  ORDER BY listed.schema, c.relname`

interface TableRow {
  oid: string
  schema: string
  name: string
  relkind: string
  relfilenode: string
  access_method: string | null
  permanent: boolean
  columns: string[]
  condition: string | null
  load_via: { schema: string; name: string } | null
  ancestors: { schema: string; name: string }[]
}
