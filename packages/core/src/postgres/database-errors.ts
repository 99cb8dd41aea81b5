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
    const found = stateCodes[state] ?? stateCodes[state.slice(0, 2)] ?? { code: 'DATABASE_ERROR' as const }
    const code = isRowSecurity(error) ? 'ROW_SECURITY' : found.code
    const particulars = error as DatabaseError
    return new EngineError(code, `${sentence(doing)}: ${message}`, {
      cause: error,
      detail: {
        sqlstate: state,
        ...(particulars.schema ? { schema: particulars.schema } : {}),
        ...(particulars.table ? { table: particulars.table } : {}),
        ...(particulars.detail ? { detail: particulars.detail } : {}),
        ...(particulars.where ? { where: particulars.where } : {}),
      },
      advice: code === found.code ? found.advice : undefined,
    })
  }
  const unreachable = isConnectionLoss(error)
  return new EngineError(unreachable ? 'DATABASE_UNREACHABLE' : 'DATABASE_ERROR', `${sentence(doing)}: ${message}`, {
    cause: error,
  })
}

/** The five-character SQLSTATE of a server's error; `undefined` for anything else. */
export function sqlState(error: unknown): string | undefined {
  const cause = isEngineError(error) ? error.cause : error
  return cause instanceof DatabaseError && typeof cause.code === 'string' ? cause.code : undefined
}

interface StateRow {
  code: ErrorCode
  advice?: string
}

/** By SQLSTATE, then by its class. */
const stateCodes: Record<string, StateRow> = {
  '28': { code: 'DATABASE_AUTH' },
  '3D000': { code: 'DATABASE_NOT_FOUND' },
  '08': { code: 'DATABASE_UNREACHABLE' },
  '42501': { code: 'DATABASE_RIGHTS' },
  '53300': { code: 'DATABASE_BUSY', advice: 'The server has no connection left. Raise max_connections or use fewer.' },
  '53200': {
    code: 'DATABASE_BUSY',
    advice: 'If this is about locks, raise max_locks_per_transaction: a backup holds one lock per table.',
  },
  '55006': { code: 'DATABASE_BUSY' },
  '55P03': { code: 'LOCK_BUDGET' },
  // The session was ended by an administrator, a crash, or the server is starting or stopping.
  '57P': { code: 'DATABASE_UNREACHABLE' },
  '57P01': { code: 'DATABASE_UNREACHABLE' },
  '57P02': { code: 'DATABASE_UNREACHABLE' },
  '57P03': { code: 'DATABASE_UNREACHABLE' },
  '57P05': { code: 'DATABASE_UNREACHABLE' },
}

/** With `row_security = off` PostgreSQL refuses what a policy would filter, under the SQLSTATE of missing rights. */
function isRowSecurity(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '42501' && error.file === 'rls.c'
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
  if (code !== undefined && (socketCodes.has(code) || code.startsWith('ERR_TLS') || code.includes('CERT'))) return true
  // pg's own words for a connection that ended under a query, could not be made in time, or has no TLS.
  return /^Connection terminated|timeout expired|^Client has encountered a connection error|SSL connection/.test(
    error.message,
  )
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
