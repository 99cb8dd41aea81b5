import { setTimeout as sleep } from 'node:timers/promises'
import { type EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import { log, type Reporter, type Waiting } from '../events.ts'

/** Waits between attempts: long enough for a migration to end, short enough for a nightly window. */
export const defaultRetryDelaysMs = [60_000, 300_000, 900_000] as const

/**
 * Runs `attempt` again, with a new snapshot, when a schema change stood in its way: the backup gives way each time
 * (its packs are kept, so what was read is not stored twice) and finally fails with the last error.
 */
export async function withAttempts<T>(
  attempt: (number: number) => Promise<T>,
  options: { delaysMs?: readonly number[]; signal?: AbortSignal; report?: Reporter },
): Promise<T> {
  const delays = options.delaysMs ?? defaultRetryDelaysMs
  for (let number = 1; ; number++) {
    try {
      return await attempt(number)
    } catch (error) {
      const delay = delays[number - 1]
      const givesWay = isEngineError(error, 'LOCK_BUDGET') || isEngineError(error, 'DATABASE_CHANGED')
      if (!givesWay || delay === undefined) throw error
      const wait = delay >= 60_000 ? `${Math.round(delay / 60_000)} min` : `${delay} ms`
      log(options.report, 'warning', `${error.message} Attempt ${number} ends here; the next one begins in ${wait}.`, {
        code: error.code,
        ...error.detail,
      })
      await waitFor(delay, { reason: error.message, blockedBy: blockedBy(error) }, options)
    }
  }
}

/** Waits, as phase `waiting`, until the time is over or somebody does not want to wait for it. */
async function waitFor(
  delayMs: number,
  why: Pick<Waiting, 'reason' | 'blockedBy'>,
  { signal, report }: { signal?: AbortSignal; report?: Reporter },
): Promise<void> {
  const early = new AbortController()
  const nextTryAt = new Date(Date.now() + delayMs).toISOString()
  report?.({ type: 'phase', phase: 'waiting', waiting: { ...why, nextTryAt, tryNow: () => early.abort() } })
  const ends = signal ? AbortSignal.any([signal, early.signal]) : early.signal
  await sleep(delayMs, undefined, { signal: ends }).catch(() => throwIfAborted(signal))
}

/** The session that a lock was waited for, or that waited for ours. */
function blockedBy({ detail: { pid, statement } }: EngineError): Waiting['blockedBy'] {
  return typeof pid === 'number' && typeof statement === 'string' ? { pid, statement } : null
}
