import { quoteIdentifier } from './identifiers.ts'
import type { Query } from './query.ts'
import { dumpedRelations, extensionConfiguration } from './what-is-dumped.ts'

/** A table of a live database: what its catalogs say, without a look at a row. */
export interface LiveTable {
  oid: string
  schema: string
  name: string
  /**
   * Null where they are those of a composite type, or another session has locked the table. Inherited ones are the
   * parent's.
   */
  columns: { name: string; type: string; nullable: boolean | null; default: string | null; generated: boolean }[] | null
  /** Whether it has rows of its own: no partitioned parents, no foreign tables. */
  has_rows: boolean
  /** By statistics, or at the last ANALYZE; null where neither knows. */
  estimated_rows: number | null
  /** Blocks of the main fork: now, or at the last VACUUM where that cannot be had without waiting for a lock. */
  blocks: number
}

/**
 * The tables of a database whose definitions a backup would hold. Waits for no lock longer than a moment: from here on
 * the session has a `lock_timeout`.
 */
export async function readLiveTables(query: Query): Promise<LiveTable[]> {
  await query(`SET lock_timeout = '${patienceMs}ms'`)
  const rows = await query<Omit<LiveTable, 'blocks'> & { relpages: number; held: boolean }>(`
    WITH held AS MATERIALIZED (SELECT relation FROM pg_catalog.pg_locks
      WHERE granted AND mode = 'AccessExclusiveLock' AND relation IS NOT NULL)
    SELECT c.oid::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind = 'r' AS has_rows, c.relpages,
      c.oid IN (SELECT relation FROM held) AS held,
      CASE WHEN c.reloftype = 0 AND c.oid NOT IN (SELECT relation FROM held) THEN columns.list END AS columns,
      CASE WHEN stats.known THEN stats.live WHEN c.reltuples >= 0 THEN c.reltuples END::float8 AS estimated_rows
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (${extensionConfiguration}) config ON config.oid = c.oid
    CROSS JOIN LATERAL (SELECT pg_catalog.pg_stat_get_live_tuples(c.oid) AS live,
      pg_catalog.pg_stat_get_tuples_inserted(c.oid) + pg_catalog.pg_stat_get_tuples_updated(c.oid)
        + pg_catalog.pg_stat_get_tuples_deleted(c.oid) > 0
        OR pg_catalog.pg_stat_get_last_analyze_time(c.oid) IS NOT NULL
        OR pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid) IS NOT NULL AS known) stats
    CROSS JOIN LATERAL (SELECT c.relispartition OR NOT EXISTS (
      SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) AS own) constraints
    CROSS JOIN LATERAL (SELECT COALESCE(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('name', a.attname,
        'type', pg_catalog.format_type(a.atttypid, a.atttypmod),
        'nullable', CASE WHEN constraints.own THEN NOT a.attnotnull END,
        'default', pg_catalog.pg_get_expr(d.adbin, d.adrelid),
        'generated', a.attgenerated <> '') ORDER BY a.attnum), '[]') AS list
      FROM pg_catalog.pg_attribute a
      LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND (a.attislocal OR c.relispartition) AND c.oid NOT IN (SELECT relation FROM held)) columns
    WHERE c.relkind IN ('r', 'p', 'f') AND ${dumpedRelations} AND config.oid IS NULL
    ORDER BY n.nspname, c.relname`)
  const blocks = await readBlocks(
    query,
    rows.flatMap(({ oid, has_rows, held }) => (has_rows && !held ? [oid] : [])),
  )
  return rows.map(({ relpages, held: _, ...row }) => ({ ...row, blocks: blocks?.get(row.oid) ?? relpages }))
}

/** Null where another session has locked a table: to measure it we would have to wait, and other sessions behind us. */
async function readBlocks(query: Query, oids: string[]): Promise<Map<string, number> | null> {
  try {
    const rows = await query<{ oid: string; blocks: string | null }>(
      `SELECT oid::text AS oid, (pg_catalog.pg_relation_size(oid, 'main')
         / pg_catalog.current_setting('block_size')::pg_catalog.int8)::text AS blocks
       FROM pg_catalog.unnest($1::pg_catalog.oid[]) AS relation(oid)`,
      [oids],
    )
    return new Map(rows.map(({ oid, blocks }) => [oid, Number(blocks ?? 0)]))
  } catch {
    return null
  }
}

const patienceMs = 500
/** A table of up to 8 MiB is counted, */
const smallBlocks = 1024
/** as long as all of them together are not more than 64 MiB, */
const allBlocks = 8192
/** and not longer than this, however many there are. */
const countMs = 3000

/**
 * Counts the rows of small tables, the smallest first, within bounds that a busy database does not feel; what is not
 * counted has its estimate. By oid.
 */
export async function countSmallTables(query: Query, tables: readonly LiveTable[]): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  const until = Date.now() + countMs
  let left = allBlocks
  await query(`SET lock_timeout = '${patienceMs}ms'; SET statement_timeout = '${countMs}ms'`)
  for (const { oid, schema, name, blocks, has_rows } of [...tables].sort((a, b) => a.blocks - b.blocks)) {
    if (!has_rows) continue
    left -= blocks
    if (blocks > smallBlocks || left < 0 || Date.now() > until) break
    try {
      const [row] = await query<{ rows: string }>(
        `SELECT pg_catalog.count(*)::text AS rows FROM ONLY ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`,
      )
      counts.set(oid, Number(row?.rows ?? 0))
    } catch {
      // It is locked, gone, or not ours to read: its estimate stands.
    }
  }
  return counts
}
