import { EngineError } from '../errors.ts'
import { nearestName } from '../nearest-name.ts'

/** Parameters of a connection that are followed: they decide what is reached, and how. */
const followed = [
  ...['host', 'port', 'dbname', 'user', 'password', 'passfile', 'service', 'options', 'connect_timeout'],
  ...['sslmode', 'ssl', 'requiressl', 'sslrootcert', 'sslcert', 'sslkey', 'sslpassword', 'sslnegotiation'],
  ...['ssl_min_protocol_version', 'ssl_max_protocol_version', 'channel_binding', 'target_session_attrs'],
]

/** Parameters of libpq that change nothing for sessions of ours, or that these set themselves. */
const withoutEffect = [
  ...['application_name', 'fallback_application_name', 'client_encoding', 'keepalives', 'keepalives_idle'],
  ...['keepalives_interval', 'keepalives_count', 'tcp_user_timeout', 'sslcompression', 'sslsni', 'load_balance_hosts'],
  ...['gssencmode', 'krbsrvname', 'gsslib', 'gssdelegation', 'min_protocol_version', 'max_protocol_version'],
]

/** Parameters that drivers, poolers and migration tools put into the same URL for themselves. */
const ofOthers = [
  // Prisma
  ...['schema', 'connection_limit', 'pool_timeout', 'pgbouncer', 'statement_cache_size', 'socket_timeout'],
  ...['sslidentity', 'sslaccept', 'max_connection_lifetime', 'max_idle_connection_lifetime'],
  ...['single_use_connections', 'directConnection'],
  // node-postgres
  ...['uselibpqcompat', 'statement_timeout', 'lock_timeout', 'query_timeout', 'binary', 'encoding'],
  ...['idle_in_transaction_session_timeout', 'connectionTimeoutMillis', 'idleTimeoutMillis', 'max', 'min'],
  // Rails, Django, SQLAlchemy
  ...['pool', 'pool_size', 'max_overflow', 'checkout_timeout', 'reaping_frequency', 'prepared_statements'],
  ...['advisory_locks', 'variables', 'schema_search_path', 'conn_max_age', 'async_fallback'],
  // JDBC
  ...['currentSchema', 'sslfactory', 'prepareThreshold', 'preparedStatementCacheQueries', 'reWriteBatchedInserts'],
  ...['ApplicationName', 'loginTimeout', 'socketTimeout', 'tcpKeepAlive', 'stringtype', 'targetServerType'],
  // Go
  ...['pool_max_conns', 'pool_min_conns', 'pool_max_conn_lifetime', 'pool_max_conn_idle_time', 'search_path'],
  ...['pool_health_check_period', 'default_query_exec_mode', 'statement_cache_capacity', 'binary_parameters'],
  ...['description_cache_capacity', 'timezone', 'TimeZone', 'datestyle'],
  // Supabase and Vercel
  ...['supa', 'workaround'],
]

/** Parameters that would have to be followed and are not: a connection without them is another one. */
const refused: Readonly<Record<string, string>> = {
  hostaddr: 'Give the address as host; with sslmode=verify-full the host has to be the name in the certificate.',
  require_auth: 'Lifeboat cannot demand a kind of authentication. Leave it out; channel_binding=require is understood.',
  requirepeer: 'Lifeboat cannot check the owner of the server process. Leave it out.',
  replication: 'Backups need ordinary sessions. Leave it out.',
  sslcrl: 'Lifeboat does not read lists of revoked certificates. Leave it out.',
  sslcrldir: 'Lifeboat does not read lists of revoked certificates. Leave it out.',
  sslcertmode: 'Lifeboat sends the certificate that sslcert names, when the server asks. Leave it out.',
  sslkeylogfile: 'Lifeboat writes no TLS secrets to files. Leave it out.',
  scram_client_key: 'Lifeboat signs in by password or certificate.',
  scram_server_key: 'Lifeboat signs in by password or certificate.',
  servicefile: 'Set PGSERVICEFILE to the path.',
}

/** Of golang-migrate and the OAuth validators of PostgreSQL 18. */
const knownPrefixes = [/^x-/, /^oauth_/]

export interface Keyword {
  name: string
  value: string
}

/**
 * Refuses what is not known, with the nearest name that is: a misspelled parameter that was passed over would lead to
 * another server, or to one that is not verified.
 *
 * @throws EngineError `CONFIG_INVALID`; never repeats a value.
 */
export function refuseUnknownKeywords(keywords: readonly Keyword[], where: string): void {
  const known = [...followed, ...withoutEffect, ...ofOthers]
  for (const { name, value } of keywords) {
    const why = ownOf(refused, name) ?? refusedValue(name, value)
    if (why !== undefined)
      throw new EngineError('CONFIG_INVALID', `${where} has "${name}", which is not supported.`, { advice: why })
    if (known.includes(name) || knownPrefixes.some((prefix) => prefix.test(name))) continue
    const near = nearestName(name, [...known, ...Object.keys(refused)])
    throw new EngineError(
      'CONFIG_INVALID',
      `${where} has an unknown parameter: ${JSON.stringify(name.slice(0, 63))}.`,
      {
        advice: near === undefined ? 'Leave it out.' : `Is "${near}" meant?`,
      },
    )
  }
}

/** A parameter may well be called "constructor". */
const ownOf = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined

function refusedValue(name: string, value: string): string | undefined {
  if (name === 'gssencmode' && value === 'require') return 'Lifeboat encrypts by TLS only: sslmode=require.'
  const allowed = ownOf(allowedValues, name)
  if (!allowed || allowed.includes(value)) return undefined
  return `Its value has to be one of ${allowed.join(', ')}.`
}

const protocols = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']
const allowedValues: Readonly<Record<string, readonly string[]>> = {
  requiressl: ['0', '1'],
  channel_binding: ['disable', 'prefer', 'require'],
  target_session_attrs: ['any', 'read-write', 'primary', 'read-only', 'standby', 'prefer-standby'],
  sslnegotiation: ['postgres', 'direct'],
  ssl_min_protocol_version: protocols,
  ssl_max_protocol_version: protocols,
}
