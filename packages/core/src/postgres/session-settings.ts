import type { Query } from './query.ts'

/**
 * The settings every session of ours runs under, whatever the server, the database or the role has set: those that
 * shape text and its order (so that equal rows give equal bytes, today and at the next backup), and every timeout.
 *
 * Two are not constants. `client_encoding` stays UTF8 because statements carry names; COPY names the database's own
 * encoding instead (see segments.ts), so rows are never converted. `lc_monetary` is the database's own, also where
 * the role overrides it, because `money` read elsewhere will be parsed under that.
 */
const pinned: Record<string, string> = {
  search_path: '',
  DateStyle: 'ISO, MDY',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  xmlbinary: 'base64',
  xmloption: 'content',
  array_nulls: 'on',
  quote_all_identifiers: 'off',
  standard_conforming_strings: 'on',
  row_security: 'off',
  synchronize_seqscans: 'off',
  enable_tidscan: 'on',
  // An index that holds every selected column would be read instead of the table, in another order.
  enable_indexonlyscan: 'off',
  max_parallel_workers_per_gather: '0',
  // Else the planner evaluates the CHECK constraints of every table that is read.
  constraint_exclusion: 'off',
  jit: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
  // A backend whose client has vanished ends within this time, also in the middle of a long statement.
  client_connection_check_interval: '2s',
  tcp_keepalives_idle: '30',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '3',
}

/** The ones that decide what COPY writes and what it proves, in the order in which a backup records them. */
const recorded = [
  'DateStyle',
  'IntervalStyle',
  'TimeZone',
  'extra_float_digits',
  'bytea_output',
  'xmlbinary',
  'lc_monetary',
  'server_encoding',
  'row_security',
  'synchronize_seqscans',
  // Not of text: with it off, what a crash of the host leaves proves nothing (see same-history.ts).
  'fsync',
  // Another release may print a value in another way.
  'server_version',
]

/**
 * Pins them in one round trip; settings a server version does not have are passed over.
 *
 * Nothing is set unless the backend that answers is `processId`, the one the server named at connect. Behind a pooler
 * it is not, and there the settings would stay with a connection that the application uses next.
 */
export async function pinSessionSettings(
  query: Query,
  { processId, statementTimeoutMs }: { processId: number | null; statementTimeoutMs: number },
): Promise<SessionFacts> {
  const settings = { ...pinned, client_encoding: 'UTF8', statement_timeout: String(statementTimeoutMs) }
  const names = Object.keys(settings)
  // Each session pays for this statement, so it avoids what costs the server milliseconds: the view pg_settings, joins, UNION.
  const [facts] = await query<SessionFacts>(
    `SELECT pg_catalog.count(pinned.value) > 0 AS pinned,
       pg_catalog.pg_backend_pid() AS backend_pid,
       pg_catalog.current_setting('server_version_num')::int AS server_version_num,
       pg_catalog.current_setting('server_encoding') AS server_encoding,
       (SELECT pg_catalog.set_config('lc_monetary', pg_catalog.substr(c.setting, 13), false)
        FROM pg_catalog.pg_db_role_setting d, pg_catalog.unnest(d.setconfig) AS c(setting)
        WHERE pg_catalog.pg_backend_pid() = $3 AND d.setrole = 0 AND c.setting LIKE 'lc\\_monetary=%'
          AND d.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
       ) AS lc_monetary
     FROM (
       SELECT pg_catalog.set_config(name,
         CASE WHEN name = 'client_encoding' AND pg_catalog.current_setting('server_encoding') = 'SQL_ASCII'
           THEN 'SQL_ASCII' ELSE value END, false) AS value
       FROM ROWS FROM (pg_catalog.unnest($1::text[]), pg_catalog.unnest($2::text[])) AS wanted(name, value)
       WHERE pg_catalog.pg_backend_pid() = $3 AND pg_catalog.current_setting(name, true) IS NOT NULL
     ) AS pinned`,
    [names, names.map((name) => settings[name as keyof typeof settings]), processId],
  )
  return facts!
}

export interface SessionFacts {
  /** `false`: this is a pooler, nothing was set. */
  pinned: boolean
  backend_pid: number
  server_version_num: number
  server_encoding: string
}

/** `name=value` of the settings that shape what COPY writes, as they are in this session. */
export async function readPinnedSettings(query: Query): Promise<string[]> {
  const rows = await query<{ setting: string }>(
    `SELECT name || '=' || pg_catalog.current_setting(name) AS setting
     FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS wanted(name, position) ORDER BY position`,
    [recorded],
  )
  return rows.map((row) => row.setting)
}
