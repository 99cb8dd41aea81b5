import { randomBytes } from 'node:crypto'
import { EngineError, isEngineError, throwIfAborted } from '../../errors.ts'
import { holdLease, type Lease } from './held-lease.ts'
import { type LeasedRepository, type LeaseRecord, leaseGenerations, maximumLeaseMs } from './lease-generations.ts'

export interface LeaseOptions {
  /** What is leased, e.g. `prune`: a part of an object name. */
  name: string
  /** Who holds it, for the message to a process that finds it held. */
  holder: string
  /** How long it lasts without a sign of life. Default 30 000, at most 45 000. */
  ttlMs?: number
  /** How long to go on waiting for a holder that is alive. Default 0: `LEASE_HELD` at its next sign of life. */
  waitMs?: number
  /**
   * Called when no other process holds it and it is about to be taken. What is read from then on, while it is being
   * taken, is what the last holder has left, because no process can hold it in between. Called again where another
   * process was faster.
   */
  onFree?: () => void
  signal?: AbortSignal
}

/** Watchers wait a little longer than the holder's time, in case their clock runs faster. */
const patience = 1.1

/**
 * Takes a lease, so that of several processes on any hosts one does a thing at a time. No host's clock is compared with
 * another's: a lease whose object did not change for its time to live *on the watcher's own clock* has a dead holder
 * and is taken over (within 60 s). A living holder renews it at a third of that time.
 *
 * A holder can be paused at any moment, so holding a lease protects nothing by itself: call {@link Lease.assertHeld}
 * right before each step that must not be done twice, and make the step harmless if it comes too late.
 *
 * Throws `LEASE_HELD`, with the holder's name, when another one is alive.
 */
export async function acquireLease(repository: LeasedRepository, options: LeaseOptions): Promise<Lease> {
  const { name, holder, ttlMs = 30_000, waitMs = 0, onFree, signal } = options
  if (!(ttlMs > 0 && ttlMs <= maximumLeaseMs))
    throw new EngineError('CONFIG_INVALID', `A lease lasts at most ${maximumLeaseMs} ms, not ${ttlMs}.`)
  const generations = leaseGenerations(repository, name)
  const record: LeaseRecord = {
    holder: holder.slice(0, 200),
    nonce: randomBytes(16).toString('hex'),
    ttl_ms: Math.ceil(ttlMs),
    released: false,
  }
  const startedAt = performance.now()
  let watched: { number: number; since: number } | undefined

  for (;;) {
    throwIfAborted(signal)
    const lookedAt = performance.now()
    const current = await generations.current({ signal })
    const waitedOut =
      current !== undefined &&
      watched?.number === current.number &&
      lookedAt - watched.since >= current.record.ttl_ms * patience
    if (current === undefined || current.record.released || waitedOut) {
      const number = (current?.number ?? 0) + 1
      const heldFrom = { monotonic: performance.now(), wall: Date.now() }
      onFree?.()
      try {
        // Created by us and the highest: no other holder's record can be there.
        if (await generations.create(number, record, { signal }))
          if ((await generations.highest({ signal })) === number)
            return holdLease({ generations, record, name, number, heldFrom })
      } catch (error) {
        // Whether it was stored is not known. If it was, our nonce is there when we look.
        if (!isEngineError(error, 'STORAGE_FAILED')) throw error
        if ((await generations.current({ signal }))?.record.nonce !== record.nonce) throw error
      }
      const now = await generations.current({ signal })
      if (now?.record.nonce === record.nonce)
        return holdLease({ generations, record, name, number: now.number, heldFrom })
      // Another one was faster: alive.
      watched = { number: 0, since: 0 }
      continue
    }
    if (watched?.number !== current.number) {
      // A change while we watched is a sign of life.
      if (watched !== undefined && performance.now() - startedAt >= waitMs)
        throw new EngineError('LEASE_HELD', `"${name}" is being done by ${current.record.holder}.`, {
          detail: { lease: name, holder: current.record.holder },
        })
      watched = { number: current.number, since: performance.now() }
    }
    await pause(Math.min(current.record.ttl_ms / 10, 3_000), signal)
  }
}

/** Ends early, and without an error, when `signal` fires. By the global timer, which tests may put a clock in place of. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}

export type { Lease } from './held-lease.ts'
