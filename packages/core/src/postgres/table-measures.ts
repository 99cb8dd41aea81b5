import type { Query } from './query.ts'

/** What a table is at one moment: compared before and after, it says what was rewritten, changed, and grew. */
export interface TableMeasure {
  oid: string
  /** `schema.table`. */
  name: string
  /** Another one means that the table was rewritten. Null for a partitioned table, which has no file. */
  file: string | null
  /** Of the table and its TOAST. */
  bytes: number
  indexBytes: number
  /** Since the statistics began; runs that were rolled back count too. */
  inserted: number
  updated: number
  deleted: number
}

/** Every table and materialized view that is not PostgreSQL's own, by oid. */
export async function measureTables(query: Query): Promise<Map<string, TableMeasure>> {
  const rows = await query<Record<keyof TableMeasure, string>>(
    `SELECT c.oid::text AS oid, n.nspname::text || '.' || c.relname::text AS name,
       pg_catalog.pg_relation_filenode(c.oid)::text AS file,
       COALESCE(pg_catalog.pg_table_size(c.oid), 0)::text AS bytes,
       COALESCE(pg_catalog.pg_indexes_size(c.oid), 0)::text AS "indexBytes",
       COALESCE(pg_catalog.pg_stat_get_tuples_inserted(c.oid), 0)::text AS inserted,
       COALESCE(pg_catalog.pg_stat_get_tuples_updated(c.oid), 0)::text AS updated,
       COALESCE(pg_catalog.pg_stat_get_tuples_deleted(c.oid), 0)::text AS deleted
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm') AND c.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     ORDER BY c.oid`,
  )
  return new Map(
    rows.map((row) => [
      row.oid,
      {
        ...{ oid: row.oid, name: row.name, file: row.file },
        ...{ bytes: Number(row.bytes), indexBytes: Number(row.indexBytes) },
        ...{ inserted: Number(row.inserted), updated: Number(row.updated), deleted: Number(row.deleted) },
      },
    ]),
  )
}

/** Where the write-ahead log of the whole server stands, in bytes; null where that is not told (a standby). */
export async function walPosition(query: Query): Promise<bigint | null> {
  const [row] = await query<{ position: string | null }>(
    `SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL
       ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0') END::text AS position`,
  )
  return row?.position ? BigInt(row.position) : null
}
