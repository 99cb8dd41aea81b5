import { setTimeout as sleep } from 'node:timers/promises'
import type { Storage } from '../../packages/core/src/storage/storage.ts'
import { wrapStorage } from '../../packages/core/src/storage/wrap.ts'

/** One operation of a storage, from when it was asked for until it was answered. */
export interface Asked {
  what: string
  began: number
  ended: number
}

/** A storage far away: every operation takes `latencyMs` and is kept, so that round trips can be counted. */
export function createDistantStorage(storage: Storage, latencyMs: number): { storage: Storage; asked: Asked[] } {
  const asked: Asked[] = []
  const far = async <T>(what: string, operation: () => Promise<T>): Promise<T> => {
    const began = performance.now()
    await sleep(latencyMs)
    try {
      return await operation()
    } finally {
      asked.push({ what, began, ended: performance.now() })
    }
  }
  const distant = wrapStorage(storage, {
    put: (name, data, options) => far(`put ${name}`, () => storage.put(name, data, options)),
    get: (name, options) => far(`get ${name}`, () => storage.get(name, options)),
    stat: (name, options) => far(`stat ${name}`, () => storage.stat(name, options)),
    delete: (name, options) => far(`delete ${name}`, () => storage.delete(name, options)),
    async *list(prefix, options) {
      yield* await far(`list ${prefix}`, () => Array.fromAsync(storage.list(prefix, options)))
    },
  })
  return { storage: distant, asked }
}

/**
 * The round trips that came one after the other: the longest chain in which each was asked for when the one before had been
 * answered. What went beside another costs no time of its own.
 */
export function oneAfterTheOther(asked: readonly Asked[]): Asked[] {
  const chain: Asked[] = []
  for (const one of asked.toSorted((a, b) => a.ended - b.ended))
    if (one.began >= (chain.at(-1)?.ended ?? 0)) chain.push(one)
  return chain
}
