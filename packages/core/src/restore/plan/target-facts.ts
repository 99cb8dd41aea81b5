import { statfs } from 'node:fs/promises'
import { hostname } from 'node:os'
import { readCatalogSchemas } from '../../postgres/bookkeeping.ts'
import type { Query } from '../../postgres/query.ts'
import { isClient, mayEnd } from '../database/swap.ts'
import type { LiveDatabaseFacts, ServerSideFacts } from './plan-facts.ts'

/** What the server is and what our role may do there. On any database of it. */
export async function readTargetServer(
  query: Query,
  locale: { provider: string; collate: string; encoding: string },
): Promise<Omit<ServerSideFacts, 'pooler' | 'maintenanceDatabase'>> {
  const [row] = await query<{
    major: number
    system: string | null
    recovery: boolean
    role: string
    superuser: boolean
    createdb: boolean
    createrole: boolean
    slots: number
    locks: number
    collation: string | null
  }>(
    `SELECT pg_catalog.current_setting('server_version_num')::int / 10000 AS major,
       pg_catalog.pg_is_in_recovery() AS recovery,
       current_user::text AS role, rolsuper AS superuser, rolcreatedb AS createdb, rolcreaterole AS createrole,
       (SELECT system_identifier::text FROM pg_catalog.pg_control_system()) AS system,
       pg_catalog.current_setting('max_locks_per_transaction')::int
         * (pg_catalog.current_setting('max_connections')::int
            + pg_catalog.current_setting('max_prepared_transactions')::int) AS slots,
       pg_catalog.current_setting('max_locks_per_transaction')::int AS locks,
       (SELECT pg_catalog.max(pg_catalog.pg_collation_actual_version(oid)) FROM pg_catalog.pg_collation
         WHERE collprovider::text = $1 AND collcollate = $2) AS collation
     FROM pg_catalog.pg_roles WHERE rolname = current_user`,
    [locale.provider.slice(0, 1), locale.collate],
  )
  if (!row) throw new Error('pg_roles does not list the current user')
  const names = async (sql: string) => (await query<{ name: string }>(sql)).map(({ name }) => name)
  return {
    majorVersion: row.major,
    systemIdentifier: row.system ?? '',
    inRecovery: row.recovery,
    role: { name: row.role, superuser: row.superuser, createDatabase: row.createdb, createRole: row.createrole },
    roles: await names('SELECT rolname::text AS name FROM pg_catalog.pg_roles'),
    tablespaces: await names('SELECT spcname::text AS name FROM pg_catalog.pg_tablespace'),
    extensions: await query(
      'SELECT name::text, default_version AS version FROM pg_catalog.pg_available_extensions ORDER BY name',
    ),
    collationVersion: row.collation,
    lockTableSlots: row.slots,
    locksPerTransaction: row.locks,
    freeBytes: await freeBytes(query),
  }
}

/** Where the server runs on this machine and its folder can be seen; null elsewhere. */
async function freeBytes(query: Query): Promise<number | null> {
  try {
    const [row] = await query<{ folder: string; local: boolean }>(
      `SELECT pg_catalog.current_setting('data_directory') AS folder,
         pg_catalog.inet_server_addr() IS NULL OR pg_catalog.inet_server_addr() = pg_catalog.inet_client_addr() AS local`,
    )
    if (!row?.local || hostname() === '') return null
    const { bavail, bsize } = await statfs(row.folder)
    return bavail * bsize
  } catch {
    return null
  }
}

/** What is bound to the database a restore would replace; null where there is none of that name. */
export async function readLiveDatabase(
  query: Query,
  name: string,
  inside: Query | null,
): Promise<LiveDatabaseFacts | null> {
  const [row] = await query<{ id: string; owned: boolean; encoding: string }>(
    `SELECT oid::text AS id, pg_catalog.pg_has_role(datdba, 'USAGE') AS owned,
       pg_catalog.pg_encoding_to_char(encoding)::text AS encoding
     FROM pg_catalog.pg_database WHERE datname = $1`,
    [name],
  )
  if (!row) return null
  const names = async (sql: string, value: string) =>
    (await query<{ name: string }>(sql, [value])).map((one) => one.name)
  return {
    owned: row.owned,
    encoding: row.encoding,
    objects: inside ? await objectsInside(inside) : 0,
    empty: inside ? await isEmpty(inside) : false,
    preparedTransactions: await names(
      'SELECT gid AS name FROM pg_catalog.pg_prepared_xacts WHERE database = $1 ORDER BY gid',
      name,
    ),
    foreignSessions: await names(
      `SELECT DISTINCT usename::text AS name FROM pg_catalog.pg_stat_activity
       WHERE datid = $1::pg_catalog.oid AND pid <> pg_catalog.pg_backend_pid() AND usesysid IS NOT NULL
         AND ${isClient} AND NOT ${mayEnd} ORDER BY 1`,
      row.id,
    ),
    logicalSlots: await names(
      'SELECT slot_name::text AS name FROM pg_catalog.pg_replication_slots WHERE database = $1 ORDER BY slot_name',
      name,
    ),
    subscriptions: await names(
      'SELECT subname::text AS name FROM pg_catalog.pg_subscription WHERE subdbid = $1::pg_catalog.oid ORDER BY subname',
      row.id,
    ),
    catalogs: inside ? await readCatalogSchemas(inside) : [],
  }
}

/** Extensions do not count: a provider or a superuser may have put them there for the restore. */
export async function isEmpty(query: Query): Promise<boolean> {
  const [row] = await query<{ empty: boolean }>(
    `SELECT NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
       WHERE c.oid >= 16384 AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND NOT EXISTS (
         SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
           AND e.objid = c.oid AND e.deptype = 'e'))
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.oid >= 16384 AND NOT EXISTS (
         SELECT FROM pg_catalog.pg_depend e WHERE e.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
           AND e.objid = p.oid AND e.deptype IN ('e', 'i')))
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata) AS empty`,
  )
  return row?.empty ?? false
}

/** Every object that DROP locks one by one. */
async function objectsInside(query: Query): Promise<number> {
  const catalogs = ['pg_class', 'pg_type', 'pg_proc', 'pg_constraint', 'pg_attrdef', 'pg_trigger', 'pg_rewrite']
  const counts = catalogs.map((catalog) => `(SELECT pg_catalog.count(*) FROM pg_catalog.${catalog} WHERE oid >= 16384)`)
  const [row] = await query<{ objects: number }>(
    `SELECT (${counts.join(' + ')} + (SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata))::int AS objects`,
  )
  return row?.objects ?? 0
}
