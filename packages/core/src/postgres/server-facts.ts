import type { Query } from './query.ts'

/** What there is to know of the server, the database and the role before anything is done. */
export interface ServerFacts {
  /** For people, e.g. `17.2 (Debian 17.2-1)`. */
  version: string
  version_num: number
  major: number
  system_identifier: string
  in_recovery: boolean
  encoding: string
  block_size: number
  database: string
  database_oid: number
  database_size: number
  /** Tables outside of the system's schemas. */
  tables: number
  /** Of them and their TOAST, as the server last counted; null: it has counted less than half of them. Only a hint. */
  table_blocks: number | null
  role: string
  superuser: boolean
  bypass_rls: boolean
  create_db: boolean
  create_role: boolean
  /** Whether `pg_largeobject` may be read directly. */
  reads_large_object_pages: boolean
  max_connections: number
  /** Locks that fit into the server's lock table, roughly. */
  lock_slots: number
  /** max_locks_per_transaction. */
  locks_per_transaction: number
  prepared_transactions: number
  /** Age in transactions of the oldest one still running or prepared: it holds back what incrementals can prove. */
  oldest_transaction_age: number | null
  /** The collation version recorded with the database differs from the operating system's. */
  collation_mismatch: boolean
}

export async function readServerFacts(query: Query): Promise<ServerFacts> {
  const [row] = await query<Omit<ServerFacts, 'major'>>(`
    SELECT pg_catalog.current_setting('server_version') AS version,
      pg_catalog.current_setting('server_version_num')::int AS version_num,
      (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS system_identifier,
      pg_catalog.pg_is_in_recovery() AS in_recovery,
      pg_catalog.current_setting('server_encoding') AS encoding,
      pg_catalog.current_setting('block_size')::int AS block_size,
      d.datname AS database, d.oid::pg_catalog.int8::float8 AS database_oid,
      pg_catalog.pg_database_size(d.oid)::float8 AS database_size,
      counted.tables, counted.table_blocks,
      r.rolname AS role, r.rolsuper AS superuser, r.rolbypassrls AS bypass_rls, r.rolcreatedb AS create_db,
      r.rolcreaterole AS create_role,
      pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT') AS reads_large_object_pages,
      pg_catalog.current_setting('max_connections')::int AS max_connections,
      pg_catalog.current_setting('max_locks_per_transaction')::int
        * (pg_catalog.current_setting('max_connections')::int
          + pg_catalog.current_setting('max_prepared_transactions')::int) AS lock_slots,
      pg_catalog.current_setting('max_locks_per_transaction')::int AS locks_per_transaction,
      (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_prepared_xacts WHERE database = d.datname)
        AS prepared_transactions,
      GREATEST((SELECT pg_catalog.max(pg_catalog.age(backend_xmin)) FROM pg_catalog.pg_stat_activity),
        (SELECT pg_catalog.max(pg_catalog.age(transaction)) FROM pg_catalog.pg_prepared_xacts))
        AS oldest_transaction_age,
      COALESCE((pg_catalog.to_jsonb(d) ->> 'datcollversion') <> pg_catalog.pg_database_collation_actual_version(d.oid),
        false) AS collation_mismatch
    FROM pg_catalog.pg_database d, pg_catalog.pg_roles r, (
      SELECT pg_catalog.count(*) FILTER (WHERE relkind = 'r')::int AS tables,
        CASE WHEN 2 * pg_catalog.count(*) FILTER (WHERE relkind = 'r' AND reltuples < 0)
            <= pg_catalog.count(*) FILTER (WHERE relkind = 'r')
          THEN COALESCE(pg_catalog.sum(relpages), 0)::float8 END AS table_blocks
      FROM pg_catalog.pg_class WHERE relkind IN ('r', 't') AND oid >= 16384
    ) AS counted
    WHERE d.datname = pg_catalog.current_database() AND r.rolname = current_user`)
  return { ...row!, major: Math.floor(row!.version_num / 10_000) }
}
