import type { Json } from '../catalog/catalog.ts'
import { isEngineError } from '../errors.ts'

/** An error as job records keep it: plain JSON. Of errors that are not the engine's own, the message only. */
export function jobError(error: unknown): Json {
  if (isEngineError(error))
    return {
      code: error.code,
      message: error.message,
      advice: error.advice,
      retryable: error.retryable,
      detail: error.detail,
    }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) }
}
