import type { Storage, StoredObject } from '../../packages/core/src/storage/storage.ts'
import { wrapStorage } from '../../packages/core/src/storage/wrap.ts'

/**
 * A storage whose own clock runs `factor` times as fast, from a moment that all who share it agree on: what prune waits
 * for, a day and more, passes in seconds. Everything else about it is as it was.
 */
export function hurried(storage: Storage, since: number, factor: number): Storage {
  const later = (object: StoredObject): StoredObject => ({
    ...object,
    modifiedAt: new Date(since + (object.modifiedAt.getTime() - since) * factor),
  })
  return wrapStorage(storage, {
    async stat(name, options) {
      const found = await storage.stat(name, options)
      return found && later(found)
    },
    async *list(prefix, options) {
      for await (const object of storage.list(prefix, options)) yield later(object)
    },
  })
}
