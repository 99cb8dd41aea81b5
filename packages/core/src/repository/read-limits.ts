import { objectTooLong } from '../storage/ranges.ts'
import type { Storage } from '../storage/storage.ts'
import { wrapStorage } from '../storage/wrap.ts'
import { maxBytesOf } from './layout.ts'

/**
 * The storage of a repository, which reads no object whole that is longer than objects of its kind can be: an object
 * that an attacker puts there, however long, costs no memory.
 */
export function withReadLimits(storage: Storage): Storage {
  return wrapStorage(storage, {
    async get(name, options = {}) {
      const maxBytes = Math.min(options.maxBytes ?? Number.POSITIVE_INFINITY, maxBytesOf(name))
      if (options.length !== undefined) return storage.get(name, options)
      const data = await storage.get(name, { ...options, maxBytes })
      // A storage of the host's own that does not know the option.
      if (data.length > maxBytes) throw objectTooLong(name, storage.location, data.length, maxBytes)
      return data
    },
  })
}
