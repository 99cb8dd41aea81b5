import { EngineError } from '../errors.ts'
import type { Storage, StoredObject } from '../storage/storage.ts'
import { wrapStorage } from '../storage/wrap.ts'

/** What goes wrong, and when. */
export interface FaultPlan {
  /** The operation that fails, counted from 1. Each put, get, stat, list and delete is one. Absent: none fails. */
  operation?: number
  /**
   * `before`: nothing was done. `after`: all was done, and the answer was lost. `half-way`: a put left nothing (or, with
   * `tornPuts`, a visible beginning of its bytes), a list gives half its objects and then throws, the others were done.
   */
  moment?: 'before' | 'after' | 'half-way'
  /** From the fault on every operation fails, as if the process had been killed there. */
  stop?: boolean
  /** Stands for a storage whose puts are not atomic. */
  tornPuts?: boolean
  /** The error thrown. Default `STORAGE_FAILED`. */
  error?: () => Error
}

/** A storage with a fault, for sweeps: operation N = 1, 2, ... fails, until a run ends in which no fault was met. */
export interface FaultyStorage extends Storage {
  /** Operations begun so far. */
  readonly operations: number
  /** Whether the planned fault has happened. */
  readonly faultMet: boolean
  /** What was asked, e.g. `put packs/ab/…`, in order. */
  readonly log: readonly string[]
  /** From now on every operation fails, as if the process had been killed. */
  stop(): void
}

/** A storage that fails at a planned operation, before it, after it or half-way. */
export function createFaultyStorage(storage: Storage, plan: FaultPlan = {}): FaultyStorage {
  const { operation: failing, moment = 'before', stop = false, tornPuts = false } = plan
  const createError = plan.error ?? (() => new EngineError('STORAGE_FAILED', 'A fault was injected.'))
  const log: string[] = []
  let stopped = false
  let faultMet = false

  /** Counts an operation and gives the moment at which it is to fail, if it is. */
  const begin = (name: string): 'before' | 'after' | 'half-way' | undefined => {
    if (stopped) throw createError()
    log.push(name)
    if (log.length !== failing) return undefined
    faultMet = true
    if (stop) stopped = true
    if (moment === 'before') throw createError()
    return moment
  }

  const operation = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
    const fault = begin(name)
    const result = await run()
    if (fault) throw createError()
    return result
  }

  const wrapped = wrapStorage(storage, {
    async put(name, data, options) {
      const fault = begin(`put ${name}`)
      if (fault === 'half-way') {
        if (tornPuts) await storage.put(name, data.subarray(0, data.byteLength >> 1), options)
        throw createError()
      }
      const written = await storage.put(name, data, options)
      if (fault) throw createError()
      return written
    },

    get: (name, options) => operation(`get ${name}`, () => storage.get(name, options)),
    stat: (name, options) => operation(`stat ${name}`, () => storage.stat(name, options)),
    delete: (name, options) => operation(`delete ${name}`, () => storage.delete(name, options)),

    async *list(prefix, options) {
      const fault = begin(`list ${prefix}`)
      const objects: StoredObject[] = []
      for await (const object of storage.list(prefix, options)) objects.push(object)
      if (fault === 'after') throw createError()
      yield* fault ? objects.slice(0, objects.length >> 1) : objects
      if (fault) throw createError()
    },
  })

  return {
    ...wrapped,
    log,
    get operations() {
      return log.length
    },
    get faultMet() {
      return faultMet
    },
    stop() {
      stopped = true
    },
  }
}
