import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { wrapStorage } from '../storage/wrap.ts'

/** A storage in memory with a clock of its own, which stands still until it is moved, and that can be copied. */
export interface TimedStorage extends Storage {
  /** Moves its clock, the one that `modifiedAt` comes from. */
  advance(ms: number): void
  copy(): Promise<TimedStorage>
  /** Called before each operation, with e.g. `put packs/ab/…`. */
  before?: (operation: string) => Promise<void>
}

export function createTimedStorage(start = Date.UTC(2026, 0, 1)): TimedStorage {
  const inner = createMemoryStorage()
  const times = new Map<string, number>()
  let now = start
  const dated = <T extends { name: string }>(object: T) => ({
    ...object,
    modifiedAt: new Date(times.get(object.name) ?? now),
  })
  const storage: TimedStorage = {
    ...wrapStorage(inner, {
      async put(name, data, options) {
        await storage.before?.(`put ${name}`)
        const written = await inner.put(name, data, options)
        if (written) times.set(name, now)
        return written
      },
      async get(name, options) {
        await storage.before?.(`get ${name}`)
        return inner.get(name, options)
      },
      async stat(name, options) {
        await storage.before?.(`stat ${name}`)
        const found = await inner.stat(name, options)
        return found && dated(found)
      },
      async *list(prefix, options) {
        await storage.before?.(`list ${prefix}`)
        for await (const object of inner.list(prefix, options)) yield dated(object)
      },
      async delete(name, options) {
        await storage.before?.(`delete ${name}`)
        await inner.delete(name, options)
      },
    }),
    advance(ms) {
      now += ms
    },
    async copy() {
      const copy = createTimedStorage(now)
      let copyNow = now
      for await (const { name } of inner.list('')) {
        const time = times.get(name) ?? now
        copy.advance(time - copyNow)
        copyNow = time
        await copy.put(name, await inner.get(name))
      }
      copy.advance(now - copyNow)
      return copy
    },
  }
  return storage
}
