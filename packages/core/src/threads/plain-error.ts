import { errorTable } from '../error-table.ts'
import { EngineError, type ErrorCode } from '../errors.ts'

/** An error as it crosses between threads. */
export interface PlainError {
  name: string
  message: string
  stack?: string
  code?: ErrorCode
  advice?: string
  detail?: Record<string, unknown>
}

export function toPlainError(error: unknown): PlainError {
  if (error instanceof EngineError) {
    const { name, messageTemplate: message, stack, code, adviceTemplate: advice, detail } = error
    return { name, message, stack, code, advice, detail: JSON.parse(JSON.stringify(detail)) }
  }
  if (error instanceof Error) return { name: error.name, message: error.message, stack: error.stack }
  return { name: 'Error', message: String(error) }
}

export function fromPlainError(plain: PlainError): EngineError {
  const cause = Object.assign(new Error(plain.message), { name: plain.name, stack: plain.stack })
  if (plain.code !== undefined && plain.code in errorTable)
    return new EngineError(plain.code, plain.message, { cause, advice: plain.advice, detail: plain.detail })
  return new EngineError('INTERNAL', `A worker thread failed: ${plain.message}`, { cause })
}
