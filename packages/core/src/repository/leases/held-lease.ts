import { EngineError, isEngineError } from '../../errors.ts'
import type { LeaseGenerations, LeaseRecord } from './lease-generations.ts'

/** A lease this process holds, renewed in the background until it is released or lost. */
export interface Lease {
  /**
   * Renews it now and returns only if it is still ours: no other process can take it over for its time to live, counted from
   * when the call began. Throws `LEASE_LOST` when another one has it (or had it). With `withinMs` that may be counted from a
   * renewal that began at most so long ago, and at most a tenth of its time to live: then no answer is waited for.
   */
  assertHeld(options?: { withinMs?: number }): Promise<void>
  /** The time of day by the storage's own clock, the one that `modifiedAt` of all objects comes from. Renews. */
  storageTime(): Promise<number>
  /** Gives it back, so that the next one need not wait. Never throws: a lease not given back runs out by itself. */
  release(): Promise<void>
  /** Aborted, with a `LEASE_LOST` error as its reason, as soon as another may hold it. */
  readonly lost: AbortSignal
}

interface HeldFrom {
  monotonic: number
  wall: number
}

/** Keeps a lease whose generation `number` was just created alive. */
export function holdLease(held: {
  generations: LeaseGenerations
  record: LeaseRecord
  name: string
  number: number
  /** When the creation of that generation began. */
  heldFrom: HeldFrom
}): Lease {
  const { generations, record, name } = held
  const controller = new AbortController()
  let { number, heldFrom } = held
  let released = false
  let queue: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let deadline: NodeJS.Timeout | undefined

  const lose = (what: 'taken' | 'late') => {
    clearTimeout(timer)
    clearTimeout(deadline)
    const message =
      what === 'taken'
        ? `Another process took over "${name}".`
        : `"${name}" was not renewed in time: another process may hold it by now.`
    const error = new EngineError('LEASE_LOST', message, { detail: { lease: name } })
    if (!controller.signal.aborted) controller.abort(error)
    return controller.signal.reason as EngineError
  }

  /** The monotonic clock may stand still while the host sleeps, the wall clock may be set back: the larger counts. */
  const elapsed = () => Math.max(performance.now() - heldFrom.monotonic, Date.now() - heldFrom.wall)

  /** Only one change of the lease runs at a time. */
  const inTurn = (change: () => Promise<void>): Promise<void> => {
    const result = queue.then(change)
    queue = result.catch(() => {})
    return result
  }

  /** Moves the lease to its next generation. */
  const advance = (next: LeaseRecord): Promise<void> => inTurn(() => advanceNow(next))

  const advanceNow = async (next: LeaseRecord) => {
    for (let attempt = 1; attempt <= 3; attempt++) {
      controller.signal.throwIfAborted()
      if (released) throw new EngineError('LEASE_LOST', `"${name}" was released.`, { detail: { lease: name } })
      const began = { monotonic: performance.now(), wall: Date.now() }
      const created = await generations.create(number + 1, next)
      if (created && (await generations.highest()) === number + 1) {
        number++
        heldFrom = began
        return watch()
      }
      const current = await generations.current()
      if (current?.record.nonce !== record.nonce) {
        // Paused so long that even the number after ours was taken and swept: what we just made blocks no other holder.
        if (created) await generations.remove(number + 1).catch(() => {})
        throw lose('taken')
      }
      number = current.number
      // An earlier creation was carried out although its answer was lost: go on from there.
    }
    throw new EngineError('STORAGE_FAILED', `The lease "${name}" could not be renewed.`)
  }

  /**
   * The next number says that it is free. Whether ours was the highest need not be looked at: if it was not, this one lies
   * below what others have created, and means nothing.
   */
  const giveUp = () =>
    inTurn(async () => {
      const last = { ...record, released: true }
      if (!(await generations.create(number + 1, last))) await advanceNow(last)
    })

  /** Past our time another may hold the lease, even if the storage cannot say so any more. */
  const watch = () => {
    clearTimeout(deadline)
    if (released || controller.signal.aborted) return
    deadline = setTimeout(
      () => (elapsed() >= record.ttl_ms ? lose('late') : watch()),
      Math.max(1, record.ttl_ms - elapsed()),
    )
    deadline.unref()
  }

  const schedule = (delayMs: number) => {
    clearTimeout(timer)
    if (released || controller.signal.aborted) return
    timer = setTimeout(async () => {
      try {
        await advance(record)
        if (number % 4 === 0) await generations.sweep(number)
        schedule(record.ttl_ms / 3)
      } catch (error) {
        // The storage failed: again soon, while there is time.
        if (!isEngineError(error, 'LEASE_LOST')) schedule(record.ttl_ms / 10)
      }
    }, delayMs)
    timer.unref()
  }
  schedule(record.ttl_ms / 3)
  watch()
  // At the same time as the work, so that the end of the work does not wait for it.
  const swept = generations.sweep(number)

  return {
    lost: controller.signal,
    async assertHeld({ withinMs = 0 } = {}) {
      controller.signal.throwIfAborted()
      if (!released && elapsed() < Math.min(withinMs, record.ttl_ms / 10)) return
      await advance(record)
    },
    async storageTime() {
      await advance(record)
      const storedAt = await generations.storedAt(number)
      if (!storedAt) throw lose('taken')
      return storedAt.getTime()
    },
    async release() {
      if (released) return
      clearTimeout(timer)
      if (!controller.signal.aborted) await giveUp().catch(() => {})
      released = true
      clearTimeout(timer)
      clearTimeout(deadline)
      await swept
    },
  }
}
