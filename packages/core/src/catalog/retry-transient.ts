import { setTimeout as delay } from 'node:timers/promises'
import { EngineError, isEngineError } from '../errors.ts'

/**
 * The server going away, the database being renamed under us, and the catalog being taken along: a transaction that was
 * not committed can be repeated. A connection lost while COMMIT was under way may have committed; every write is a
 * comparison first or an insert under a key, so that a repetition changes nothing.
 */
const transient = new Set(['57P01', '57P02', '57P03', '57P05', '3D000', '08000', '08003', '08006', '40001', '40P01'])
const transientSystem = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ENOENT', 'ETIMEDOUT'])
const lockTimeout = '55P03'

/** Runs `work` until it succeeds or fails for good, for `patienceMs` at most. */
export async function retryTransient<T>(patienceMs: number, work: () => Promise<T>): Promise<T> {
  const until = Date.now() + patienceMs
  for (let waitMs = 20; ; waitMs = Math.min(waitMs * 2, 1000)) {
    try {
      return await work()
    } catch (error) {
      const busy = isBusy(error)
      if (!busy && !isTransient(error)) throw error
      // Short, because requests wait for it: a catalog is carried within moments.
      const pauseMs = busy ? Math.min(waitMs, 100) : waitMs
      if (Date.now() + pauseMs > until) throw busy ? asBusy(error) : error
      await delay(pauseMs)
    }
  }
}

export const isDuplicate = (error: unknown): boolean => codeOf(error) === '23505'

function isBusy(error: unknown): boolean {
  return isEngineError(error, 'CATALOG_BUSY') || codeOf(error) === lockTimeout
}

function asBusy(error: unknown): EngineError {
  if (isEngineError(error)) return error
  return new EngineError('CATALOG_BUSY', 'The catalog could not be written: another session holds it.', {
    cause: error,
  })
}

function isTransient(error: unknown): boolean {
  const code = codeOf(error)
  if (code !== undefined && (transient.has(code) || transientSystem.has(code))) return true
  const thrown = isEngineError(error) ? error.cause : error
  return (
    thrown instanceof Error && /Connection terminated|Client has encountered a connection error/.test(thrown.message)
  )
}

/** Of a server's or system's error, also where it is the cause of one of ours. */
function codeOf(error: unknown): string | undefined {
  const thrown = isEngineError(error) ? error.cause : error
  const code = thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined
  return typeof code === 'string' ? code : undefined
}
