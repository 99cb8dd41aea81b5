import { adviceFor } from './advice.ts'
import { errorTable } from './error-table.ts'

/** The code of an {@link EngineError}. Codes do not change between versions; {@link errorTable} has their advice. */
export type ErrorCode = keyof typeof errorTable

/**
 * An error of the engine. `message` is one sentence for people (with the names involved, never a secret), `code` is
 * stable, `advice` says what to do next, `cause` is the error underneath.
 */
export class EngineError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly exitCode: number
  readonly retryable: boolean
  /** In the words of the library; the other faces say {@link EngineError.adviceTemplate} in theirs. */
  readonly advice: string
  /** Message and advice with their tokens: see advice.ts. */
  readonly messageTemplate: string
  readonly adviceTemplate: string
  /** Machine-readable particulars, e.g. `{ table: 'public.orders' }`. Plain JSON, no secrets. */
  readonly detail: Record<string, unknown>

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; detail?: Record<string, unknown>; advice?: string } = {},
  ) {
    super(adviceFor('library', message), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'EngineError'
    const row = errorTable[code]
    this.code = code
    this.status = row.status
    this.exitCode = row.exitCode
    this.retryable = row.retryable
    this.messageTemplate = message
    this.adviceTemplate = options.advice ?? row.advice
    this.advice = adviceFor('library', this.adviceTemplate)
    this.detail = options.detail ?? {}
  }
}

/** Whether `error` is an {@link EngineError}, of the given code if one is named. */
export function isEngineError(error: unknown, code?: ErrorCode): error is EngineError {
  return error instanceof EngineError && (code === undefined || error.code === code)
}

/** Throws `ABORTED` when the signal has fired. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new EngineError('ABORTED', 'Interrupted.', { cause: signal.reason })
}

/** Where the wire says it shorter than the table of errors. */
const wireCodes: Partial<Record<string, string>> = {
  BACKUP_PINNED: 'pinned',
  BACKUP_NEEDED_FOR_UNDO: 'needed_for_undo',
  BACKUP_LAST_GOOD: 'last_good',
}

/** The code of an error in records and over HTTP: stable, in lower case, one spelling everywhere. */
export const wireCode = (code: string): string =>
  (Object.hasOwn(wireCodes, code) ? wireCodes[code] : undefined) ?? code.toLowerCase()
