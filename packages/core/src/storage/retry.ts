import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import type { Storage } from './storage.ts'
import { wrapStorage } from './wrap.ts'

/** How often, and after which pauses, `withRetry` tries an operation again. */
export interface RetryOptions {
  /** How often an operation is tried in all. Default 5. */
  attempts?: number
  /** Pause before the second attempt, in ms; each further one is twice as long, up to `maximumDelayMs`. Default 200. */
  delayMs?: number
  /** Default 10 000. */
  maximumDelayMs?: number
}

/**
 * Tries again what failed with `STORAGE_FAILED`. A full or vanished storage and an abort are passed on at once.
 *
 * After a failure it is unknown whether a put-if-absent was carried out. So when a later attempt finds the object there,
 * it is compared: equal bytes count as written. A caller that must know that *it* won puts bytes that no other writer would put.
 */
export function withRetry(storage: Storage, options: RetryOptions = {}): Storage {
  const { attempts = 5, delayMs = 200, maximumDelayMs = 10_000 } = options

  const retry = async <T>(signal: AbortSignal | undefined, operation: (attempt: number) => Promise<T>): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await operation(attempt)
      } catch (error) {
        if (attempt >= attempts || !isEngineError(error, 'STORAGE_FAILED')) throw error
        await pause(Math.min(delayMs * 2 ** (attempt - 1), maximumDelayMs) * (0.5 + Math.random() / 2), signal)
      }
    }
  }

  const { objectLock } = storage
  return wrapStorage(storage, {
    objectLock: objectLock && {
      ...objectLock,
      lockedUntil: (name, lockOptions) => retry(lockOptions?.signal, () => objectLock.lockedUntil(name, lockOptions)),
      lock: (name, until, lockOptions) => retry(lockOptions?.signal, () => objectLock.lock(name, until, lockOptions)),
    },
    put: (name, data, putOptions) =>
      retry(putOptions?.signal, async (attempt) => {
        const written = await storage.put(name, data, putOptions)
        if (written || attempt === 1) return written
        return (await storage.get(name, { signal: putOptions?.signal })).equals(data)
      }),

    get: (name, getOptions) => retry(getOptions?.signal, () => storage.get(name, getOptions)),
    stat: (name, statOptions) => retry(statOptions?.signal, () => storage.stat(name, statOptions)),
    delete: (name, deleteOptions) => retry(deleteOptions?.signal, () => storage.delete(name, deleteOptions)),

    async *list(prefix, listOptions) {
      // A listing that broke off begins again; what was already passed on is not repeated.
      const seen = new Set<string>()
      for (let attempt = 1; ; attempt++) {
        try {
          for await (const object of storage.list(prefix, listOptions)) {
            if (seen.has(object.name)) continue
            seen.add(object.name)
            yield object
          }
          return
        } catch (error) {
          if (attempt >= attempts || !isEngineError(error, 'STORAGE_FAILED')) throw error
          await pause(Math.min(delayMs * 2 ** (attempt - 1), maximumDelayMs), listOptions?.signal)
        }
      }
    },
  })
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  throwIfAborted(signal)
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    throw new EngineError('ABORTED', 'Interrupted.', { cause: error })
  })
}
