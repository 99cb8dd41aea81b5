import { DatabaseError } from 'pg'
import { EngineError, type ErrorCode, isEngineError } from '../errors.ts'
import { withoutRowValues } from './row-values.ts'

/**
 * What went wrong between us and PostgreSQL, as an {@link EngineError}. SQLSTATEs and the names of server routines
 * decide, never message texts: those are translated. Values of rows are kept out (row-values.ts).
 *
 * `doing` says what was being done, e.g. `connecting to app at db.example:5432`; it must not hold a password.
 */
export function databaseError(thrown: unknown, doing: string): EngineError {
  if (isEngineError(thrown)) return thrown
  const error = thrown instanceof DatabaseError ? withoutRowValues(thrown) : thrown
  const message =
    error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error)
  const state = sqlState(error)
  if (state !== undefined) {
    const found = rowOf(state) ?? rowOf(state.slice(0, 2)) ?? { code: 'DATABASE_ERROR' as const }
    const code = isRowSecurity(error) ? 'ROW_SECURITY' : isFromOtherFiles(error) ? 'DATABASE_RESTART' : found.code
    const particulars = error as DatabaseError
    return new EngineError(code, `${sentence(doing)}: ${message}`, {
      cause: error,
      detail: {
        sqlstate: state,
        ...(particulars.schema ? { schema: particulars.schema } : {}),
        ...(particulars.table ? { table: particulars.table } : {}),
        ...(particulars.constraint ? { constraint: particulars.constraint } : {}),
        ...(particulars.detail ? { detail: particulars.detail } : {}),
        ...(particulars.where ? { where: particulars.where } : {}),
      },
      advice: code === found.code ? (state === '53300' && limitAdvice(particulars)) || found.advice : undefined,
    })
  }
  const code = isTlsFailure(error)
    ? 'DATABASE_TLS'
    : isConnectionLoss(error)
      ? 'DATABASE_UNREACHABLE'
      : 'DATABASE_ERROR'
  return new EngineError(code, `${sentence(doing)}: ${message}`, { cause: error, advice: tlsAdvice(error) })
}

/** Whether TLS itself failed: the handshake, the server's certificate, or a server that has none. */
export function isTlsFailure(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof DatabaseError) return false
  const { code } = error as NodeJS.ErrnoException
  if (code !== undefined) return tlsCodes.test(code)
  // pg's own words.
  return /does not support SSL connections|error establishing an SSL connection/.test(error.message)
}

/** Codes of Node's TLS and of OpenSSL's verification. */
const tlsCodes = /^ERR_(TLS|SSL|OSSL)|CERT|LEAF_SIGNATURE|^UNABLE_TO_|^INVALID_CA$|HOSTNAME_MISMATCH|^EPROTO$/

function tlsAdvice(error: unknown): string | undefined {
  if (!isTlsFailure(error)) return undefined
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH')
    return 'The certificate is for another host name: give the host by a name it has, or sslmode=verify-ca.'
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return "The server's certificate is not valid now: renew it, or look at this machine's clock."
  if (code !== undefined && /CERT|LEAF|ISSUER|INVALID_CA/.test(code))
    return "No known authority has signed the server's certificate: give the file of its authority as sslrootcert, or in NODE_EXTRA_CA_CERTS."
  if (/does not support SSL/.test(message))
    return 'Turn ssl on at the server, or allow a connection without: sslmode=prefer.'
  return undefined
}

/** The five-character SQLSTATE of a server's error; `undefined` for anything else. */
export function sqlState(error: unknown): string | undefined {
  const cause = isEngineError(error) ? error.cause : error
  return cause instanceof DatabaseError && typeof cause.code === 'string' ? cause.code : undefined
}

const limitAdvice = ({ routine }: DatabaseError) => connectionLimits[routine ?? '']

/** Of 53300, by the routine of the server that counted. */
const connectionLimits: Readonly<Record<string, string>> = {
  InitializeSessionUserId:
    "The role's own limit of connections has run out: ALTER ROLE ... CONNECTION LIMIT, or `resources.connections: 1`, which needs 3.",
  CheckMyDatabase:
    "The database's own limit of connections has run out: ALTER DATABASE ... CONNECTION LIMIT, or `resources.connections: 1`, which needs 3.",
}

interface StateRow {
  code: ErrorCode
  advice?: string
}

/** By SQLSTATE, then by its class. */
const rowOf = (state: string): StateRow | undefined =>
  Object.hasOwn(stateCodes, state) ? stateCodes[state] : undefined

const stateCodes: Record<string, StateRow> = {
  '28': { code: 'DATABASE_AUTH' },
  // Not 28P01, the wrong password: pg_hba.conf refuses this kind of connection.
  '28000': {
    code: 'DATABASE_AUTH',
    advice:
      'Check the user in the URL, and that pg_hba.conf lets it in from here. A server that demands TLS says so as well: sslmode=require.',
  },
  '3D000': { code: 'DATABASE_NOT_FOUND' },
  '08': { code: 'DATABASE_UNREACHABLE' },
  '42501': { code: 'DATABASE_RIGHTS' },
  '53300': { code: 'DATABASE_BUSY', advice: 'The server has no connection left. Raise max_connections or use fewer.' },
  '53100': { code: 'DATABASE_FULL' },
  '53': { code: 'DATABASE_BUSY', advice: 'The server has run out of something; its message says of what.' },
  '53200': {
    code: 'DATABASE_BUSY',
    advice: 'If this is about locks, raise max_locks_per_transaction: a backup holds one lock per table.',
  },
  '57014': {
    code: 'DATABASE_BUSY',
    advice: 'The statement was cancelled: by pg_cancel_backend, or by a timeout that the server sets.',
  },
  '58P01': {
    code: 'DATABASE_ERROR',
    advice: 'The server misses a file: install the package of the extension for the version of this server.',
  },
  '55006': { code: 'DATABASE_BUSY' },
  '55P03': { code: 'LOCK_BUDGET' },
  // The session was ended by an administrator, a crash, or the server is starting or stopping.
  '57P': { code: 'DATABASE_UNREACHABLE' },
  '57P01': { code: 'DATABASE_UNREACHABLE' },
  '57P02': { code: 'DATABASE_UNREACHABLE' },
  '57P03': { code: 'DATABASE_UNREACHABLE' },
  '57P05': {
    code: 'DATABASE_UNREACHABLE',
    advice:
      'The server ended an idle session: ALTER ROLE ... SET idle_session_timeout = 0 for the role that makes backups, and look at statement_timeout too.',
  },
}

/** With `row_security = off` PostgreSQL refuses what a policy would filter, under the SQLSTATE of missing rights. */
function isRowSecurity(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '42501' && error.file === 'rls.c'
}

/**
 * A library that does not fit the running server: its files were exchanged by an upgrade. Decided by the server's source
 * file; of the text only the words of the dynamic linker count.
 */
function isFromOtherFiles(error: unknown): boolean {
  if (!(error instanceof DatabaseError) || error.file !== 'dfmgr.c') return false
  return /undefined symbol|symbol not found|version mismatch/i.test(error.message) || error.code === '42883'
}

const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EACCES',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
])

function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  if (code !== undefined && socketCodes.has(code)) return true
  // pg's own words for a connection that ended under a query, or could not be made in time.
  return /^Connection terminated|timeout expired|^Client has encountered a connection error/.test(error.message)
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
