import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { EngineError } from '../errors.ts'

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
  database: string
  ssl: false | TlsParameters
}

export interface TlsParameters {
  /** Whether the server's certificate must be signed by `ca` (or by a well-known authority). */
  verifyCertificate: boolean
  /** Whether the certificate must also be for this host name. */
  verifyHost: boolean
  /** PEM texts. */
  ca?: string
  cert?: string
  key?: string
}

/** What a host may give instead of a URL. What is missing comes from the PG* environment variables, as with libpq. */
export interface ConnectionInput {
  connectionString?: string
  host?: string
  port?: number
  user?: string
  password?: string
  database?: string
  ssl?: boolean | { rejectUnauthorized?: boolean; ca?: string; cert?: string; key?: string }
}

/**
 * Reads a connection URL (`postgresql://user:password@host:port/database?sslmode=verify-full`) or an object. `sslmode`
 * means what it means to libpq: `require` encrypts without verifying unless `sslrootcert` is given; `prefer` and
 * `allow` are taken as `disable`, because a backup should not differ from one run to the next.
 *
 * @throws EngineError `CONFIG_INVALID`; its message never repeats the input, which may hold a password.
 */
export function resolveConnection(input: string | ConnectionInput): ConnectionParameters {
  if (typeof input === 'string') return fromUrl(input)
  const base = input.connectionString === undefined ? complete({}) : fromUrl(input.connectionString)
  const { connectionString: _, ssl, ...given } = input
  const defined = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { ...base, ...defined, ...(ssl === undefined ? {} : { ssl: tlsFromObject(ssl) }) }
}

/** The same server and role, another database. */
export function withDatabase(parameters: ConnectionParameters, database: string): ConnectionParameters {
  return { ...parameters, database }
}

/** For people and logs: `user@host:port/database`, no password. */
export function describeConnection({ user, host, port, database }: ConnectionParameters): string {
  return `${user}@${host}:${port}/${database}`
}

/** A URL with the password in it, for migration tools that want one. Never log it. */
export function connectionUrl(parameters: ConnectionParameters): string {
  const { user, password, host, port, database, ssl } = parameters
  const credentials = encodeURIComponent(user) + (password === undefined ? '' : `:${encodeURIComponent(password)}`)
  const options = new URLSearchParams()
  if (host.startsWith('/')) {
    options.set('host', host)
    options.set('port', String(port))
  }
  if (ssl) options.set('sslmode', ssl.verifyCertificate ? (ssl.verifyHost ? 'verify-full' : 'verify-ca') : 'no-verify')
  const authority = host.startsWith('/') ? '' : `${host.includes(':') ? `[${host}]` : host}:${port}`
  const query = options.size > 0 ? `?${options}` : ''
  return `postgresql://${credentials}@${authority}/${encodePath(database)}${query}`
}

/** pg decodes a path by decodeURI, which leaves %3D and its like alone: what may stand there as it is stays. */
function encodePath(database: string): string {
  return encodeURI(database).replaceAll('?', '%3F').replaceAll('#', '%23')
}

// Not `URL`: it refuses an empty host beside credentials, which is how socket URLs are written.
const urlPattern = /^postgres(?:ql)?:\/\/(?:([^/?#]*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i

function fromUrl(url: string): ConnectionParameters {
  const parts = urlPattern.exec(url.trim())
  if (!parts) throw invalid('The database URL is not of the form postgresql://user:password@host:port/database.')
  const [, credentials = '', authority = '', path = '', query = ''] = parts
  const options = new URLSearchParams(query)
  const colon = credentials.indexOf(':')
  const hostPort = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(authority)
  if (!hostPort) throw invalid('The database URL names more than one host, or a port that is not a number.')
  return complete({
    host: options.get('host') || decode(hostPort[1] ?? '').replace(/^\[(.*)\]$/, '$1'),
    port: options.get('port') || hostPort[2],
    user: options.get('user') || decode(colon < 0 ? credentials : credentials.slice(0, colon)),
    password: options.get('password') || (colon < 0 ? '' : decode(credentials.slice(colon + 1))),
    database: options.get('dbname') || decode(path),
    ssl: tlsFromMode(options),
  })
}

function complete(given: {
  host?: string
  port?: string
  user?: string
  password?: string
  database?: string
  ssl?: false | TlsParameters
}): ConnectionParameters {
  const { env } = process
  const user = given.user || env.PGUSER || userInfo().username
  const port = Number(given.port || env.PGPORT || 5432)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw invalid('The port of the database is not one.')
  const password = given.password || env.PGPASSWORD
  return {
    host: given.host || env.PGHOST || 'localhost',
    port,
    user,
    ...(password ? { password } : {}),
    database: given.database || env.PGDATABASE || user,
    ssl: given.ssl ?? tlsFromMode(new URLSearchParams()),
  }
}

function tlsFromMode(options: URLSearchParams): false | TlsParameters {
  const mode = options.get('sslmode') || process.env.PGSSLMODE || (options.get('ssl') === 'true' ? 'verify-full' : '')
  const file = (name: string) => {
    const path = options.get(name) ?? process.env[`PG${name.toUpperCase()}`]
    if (!path || path === 'system') return undefined
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      throw invalid(`The file named by ${name} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
    }
  }
  if (['', 'disable', 'allow', 'prefer'].includes(mode)) return false
  if (!['require', 'verify-ca', 'verify-full', 'no-verify'].includes(mode)) throw invalid('sslmode is not a known one.')
  const ca = file('sslrootcert')
  const cert = file('sslcert')
  const key = file('sslkey')
  return {
    verifyCertificate: mode.startsWith('verify') || (mode === 'require' && ca !== undefined),
    verifyHost: mode === 'verify-full',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  }
}

function tlsFromObject(ssl: NonNullable<ConnectionInput['ssl']>): false | TlsParameters {
  if (ssl === false) return false
  if (ssl === true) return { verifyCertificate: true, verifyHost: true }
  const verify = ssl.rejectUnauthorized !== false
  const { ca, cert, key } = ssl
  return { verifyCertificate: verify, verifyHost: verify, ca, cert, key }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('The database URL has a "%" that does not begin an encoded character; write it as %25.')
  }
}

function invalid(message: string): EngineError {
  return new EngineError('CONFIG_INVALID', message)
}
