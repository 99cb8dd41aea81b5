import type { Query } from './query.ts'

/**
 * Connections that a backup and a restore have open at most, for `resources.connections`. With 1 what can come one after
 * the other does, and what can be one session is. A restore makes a safety backup while its control session waits.
 * Migrations and validators of the host are not counted; a catalog in the database takes two more for a moment.
 */
export function connectionsNeeded(connections: number): { backup: number; restore: number } {
  return connections === 1 ? { backup: 3, restore: 3 } : { backup: connections + 4, restore: connections + 5 }
}

export interface ConnectionLimits {
  /** What there may be, and what is there now beside our own sessions; null where there is no limit. */
  role: { limit: number; used: number } | null
  database: { limit: number; used: number } | null
  server: { limit: number; used: number }
}

export async function readConnectionLimits(query: Query): Promise<ConnectionLimits> {
  const [row] = await query<Record<'role' | 'database' | 'server' | 'by_role' | 'by_database' | 'by_all', number>>(
    `SELECT r.rolconnlimit AS role, CASE WHEN r.rolsuper THEN -1 ELSE d.datconnlimit END AS database,
       pg_catalog.current_setting('max_connections')::int - CASE WHEN r.rolsuper THEN 0 ELSE
         pg_catalog.current_setting('superuser_reserved_connections')::int
         + COALESCE(pg_catalog.current_setting('reserved_connections', true)::int, 0) END AS server,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_stat_activity a WHERE a.usesysid = r.oid AND ${others}) AS by_role,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid AND ${others}) AS by_database,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_stat_activity a WHERE ${others}) AS by_all
     FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
     WHERE r.rolname = current_user AND d.datname = pg_catalog.current_database()`,
  )
  const { role, database, server, by_role, by_database, by_all } = row!
  return {
    role: role < 0 ? null : { limit: role, used: by_role },
    database: database < 0 ? null : { limit: database, used: by_database },
    server: { limit: server, used: by_all },
  }
}

/** Sessions of clients, ours left out. A session of a role that we cannot look at counts as a client's. */
const others = `a.usesysid IS NOT NULL AND COALESCE(a.backend_type, 'client backend') = 'client backend'
  AND COALESCE(a.application_name, '') NOT LIKE 'lifeboat:%'`
