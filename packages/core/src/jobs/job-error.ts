import type { Json } from '../catalog/catalog.ts'
import { isEngineError, wireCode } from '../errors.ts'

/**
 * An error as records keep it and HTTP shows it: as a problem has it, what happened in `detail` and facts beside it. Of
 * errors that are not the engine's own, what happened only.
 */
export function jobError(error: unknown): Json {
  if (isEngineError(error))
    return {
      ...error.detail,
      code: wireCode(error.code),
      detail: error.message,
      advice: error.advice,
      retryable: error.retryable,
    }
  return { code: wireCode('INTERNAL'), detail: error instanceof Error ? error.message : String(error) }
}
