import { userInfo } from 'node:os'
import { EngineError } from '../errors.ts'
import { passwordFile, readPassword, readService } from './connection-files.ts'
import { type Keyword, refuseUnknownKeywords } from './connection-keywords.ts'
import { connectionKeywords } from './connection-text.ts'
import { type TlsParameters, tlsOf } from './connection-tls.ts'

/**
 * How to reach one database: plain data, so that it crosses to worker threads as it is. Holds the password; never
 * print it, use {@link describeConnection}.
 */
export interface ConnectionParameters {
  /** Host name, address, or the folder of a unix socket (begins with `/`). */
  host: string
  port: number
  user: string
  password?: string
  /** Where the password was found: another database may have another one there. */
  passwordFile?: string
  database: string
  ssl: false | TlsParameters
  /** Settings for the server at the start of a session, e.g. `-c role=app`. */
  options?: string
  /** Seconds. */
  connectTimeoutSeconds?: number
  /** Whether the sign-in must be bound to the TLS session. */
  channelBinding?: 'require'
  /** What the server has to be; absent: anything. */
  targetSession?: 'read-write' | 'primary' | 'read-only' | 'standby'
  /** Found out at connect: a pooler answers here that keeps sessions, so it is as good as the server. */
  sessionPooler?: true
  /** Every other parameter, as given: for migration tools. */
  others: Keyword[]
}

/**
 * Reads what libpq reads: a URL (`postgresql://user:password@host:port/database?sslmode=verify-full`) or keywords
 * (`host=... dbname=...`). What is missing comes from the service that `service` names, then from the PG* variables,
 * then from `~/.pgpass`. Parameters mean what they mean to libpq; those that are neither libpq's nor a known driver's
 * are refused, and so are several hosts.
 *
 * @throws EngineError `CONFIG_INVALID`; its message never repeats the input, which may hold a password.
 */
export function resolveConnection(text: string): ConnectionParameters {
  const given = connectionKeywords(text)
  refuseUnknownKeywords(given, 'The database URL')
  const environment = environmentKeywords()
  refuseUnknownKeywords(environment, 'The environment (PG*)')
  const service = lastOf(given, 'service') ?? lastOf(environment, 'service')
  const ofService = service === undefined ? [] : readService(service)
  refuseUnknownKeywords(ofService, `The service "${service}"`)
  return complete(given, [...environment, ...ofService, ...given])
}

function complete(given: Keyword[], all: Keyword[]): ConnectionParameters {
  const find = (name: string) => lastOf(all, name)
  const user = find('user') ?? userInfo().username
  const port = Number(find('port') ?? 5432)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('The port of the database is not one.')
  const timeout = Number(find('connect_timeout') ?? 0)
  if (!Number.isInteger(timeout)) throw invalid('connect_timeout is not a number of seconds.')
  const host = find('host') ?? 'localhost'
  if (host.includes(',')) throw invalid('More than one host is named; name the one server to back up.')
  const database = find('dbname') ?? user
  const options = find('options')
  const target = find('target_session_attrs')
  return {
    host,
    port,
    user,
    ...passwordOf(find, { host, port, user, database }),
    database,
    // As with libpq, sslmode says nothing of unix sockets.
    ssl: host.startsWith('/') ? false : tlsOf(find),
    ...(options === undefined ? {} : { options }),
    ...(timeout > 0 ? { connectTimeoutSeconds: Math.max(2, timeout) } : {}),
    ...(find('channel_binding') === 'require' ? { channelBinding: 'require' } : {}),
    ...(target === undefined || target === 'any' || target === 'prefer-standby'
      ? {}
      : { targetSession: target as NonNullable<ConnectionParameters['targetSession']> }),
    others: [...all.filter(({ name }) => inherited.includes(name) && !lastOf(given, name)), ...given].filter(
      ({ name }) => !ofAuthority.includes(name),
    ),
  }
}

function passwordOf(
  find: (name: string) => string | undefined,
  wanted: { host: string; port: number; user: string; database: string },
): Pick<ConnectionParameters, 'password' | 'passwordFile'> {
  const given = find('password')
  if (given !== undefined) return { password: given }
  const file = passwordFile(find('passfile'))
  const password = readPassword(file, wanted)
  return password === undefined ? {} : { password, passwordFile: file }
}

/** The same server and role, another database. */
export function withDatabase(parameters: ConnectionParameters, database: string): ConnectionParameters {
  const other = { ...parameters, database }
  if (parameters.passwordFile === undefined) return other
  const password = readPassword(parameters.passwordFile, other)
  return password === undefined ? other : { ...other, password }
}

/** For people and logs: `user@host:port/database`, no password. */
export function describeConnection({
  user,
  host,
  port,
  database,
}: Pick<ConnectionParameters, 'user' | 'host' | 'port' | 'database'>): string {
  return `${user}@${host}:${port}/${database}`
}

/**
 * A URL with the password in it, for migration tools that want one: what the user gave, with every parameter, and this
 * database in it. Never log it.
 */
export function connectionUrl({ user, password, host, port, database, others }: ConnectionParameters): string {
  const credentials = encodeURIComponent(user) + (password === undefined ? '' : `:${encodeURIComponent(password)}`)
  const socket = host.startsWith('/')
    ? [
        { name: 'host', value: host },
        { name: 'port', value: String(port) },
      ]
    : []
  const query = [...socket, ...others].map(
    ({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  )
  const authority = host.startsWith('/') ? '' : `${host.includes(':') ? `[${host}]` : host}:${port}`
  return `postgresql://${credentials}@${authority}/${encodePath(database)}${query.length > 0 ? `?${query.join('&')}` : ''}`
}

/** pg decodes a path by decodeURI, which leaves %3D and its like alone: what may stand there as it is stays. */
function encodePath(database: string): string {
  return encodeURI(database).replaceAll('?', '%3F').replaceAll('#', '%23')
}

/** By variable of libpq. */
const variables: Readonly<Record<string, string>> = {
  ...{ PGHOST: 'host', PGPORT: 'port', PGDATABASE: 'dbname', PGUSER: 'user', PGPASSWORD: 'password' },
  ...{ PGPASSFILE: 'passfile', PGSERVICE: 'service', PGOPTIONS: 'options', PGCONNECT_TIMEOUT: 'connect_timeout' },
  ...{ PGSSLMODE: 'sslmode', PGSSLROOTCERT: 'sslrootcert', PGSSLCERT: 'sslcert', PGSSLKEY: 'sslkey' },
  ...{ PGSSLNEGOTIATION: 'sslnegotiation', PGSSLMINPROTOCOLVERSION: 'ssl_min_protocol_version' },
  ...{ PGSSLMAXPROTOCOLVERSION: 'ssl_max_protocol_version', PGCHANNELBINDING: 'channel_binding' },
  ...{ PGTARGETSESSIONATTRS: 'target_session_attrs', PGGSSENCMODE: 'gssencmode' },
  // Not followed, so refused: see connection-keywords.ts.
  ...{ PGHOSTADDR: 'hostaddr', PGREQUIREAUTH: 'require_auth', PGREQUIREPEER: 'requirepeer', PGSSLCRL: 'sslcrl' },
  ...{ PGSSLCRLDIR: 'sslcrldir', PGSSLCERTMODE: 'sslcertmode' },
}

function environmentKeywords(): Keyword[] {
  return Object.entries(variables).flatMap(([variable, name]) => {
    const value = process.env[variable]
    return value ? [{ name, value }] : []
  })
}

/** What {@link connectionUrl} says by itself. */
const ofAuthority = ['host', 'port', 'user', 'password', 'dbname', 'service', 'passfile']
/** What a service or the environment says and a tool that is given the URL has to know. */
const inherited = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation', 'options', 'channel_binding']

/** An empty value counts as none. */
function lastOf(keywords: readonly Keyword[], name: string): string | undefined {
  return keywords.findLast((keyword) => keyword.name === name && keyword.value !== '')?.value
}

function invalid(message: string): EngineError {
  return new EngineError('CONFIG_INVALID', message)
}
