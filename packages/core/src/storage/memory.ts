import { throwIfAborted } from '../errors.ts'
import { assertObjectName, assertObjectPrefix, assertObjectSize } from './names.ts'
import { assertRange, objectTooLong, rangePastEnd, readLimit } from './ranges.ts'
import { type Storage, StorageObjectMissing } from './storage.ts'

/** A storage in this process's memory, for tests and trials. What is put and got is copied, never shared. */
export function createMemoryStorage(): Storage {
  const location = 'memory'
  const objects = new Map<string, { data: Buffer; modifiedAt: Date }>()

  return {
    location,

    async put(name, data, { ifAbsent = false, signal } = {}) {
      assertObjectName(name)
      assertObjectSize(name, data)
      throwIfAborted(signal)
      if (ifAbsent && objects.has(name)) return false
      objects.set(name, { data: Buffer.from(data), modifiedAt: new Date() })
      return true
    },

    async get(name, { offset = 0, length, maxBytes, signal } = {}) {
      assertObjectName(name)
      assertRange(offset, length)
      throwIfAborted(signal)
      const object = objects.get(name)
      if (!object) throw new StorageObjectMissing(name, location)
      const end = length === undefined ? object.data.length : offset + length
      if (offset > object.data.length || end > object.data.length) throw rangePastEnd(name, location)
      const limit = readLimit({ maxBytes })
      if (end - offset > limit) throw objectTooLong(name, location, end - offset, limit)
      return Buffer.from(object.data.subarray(offset, end))
    },

    async stat(name, { signal } = {}) {
      assertObjectName(name)
      throwIfAborted(signal)
      const object = objects.get(name)
      return object ? { name, bytes: object.data.length, modifiedAt: object.modifiedAt } : null
    },

    async *list(prefix, { signal } = {}) {
      assertObjectPrefix(prefix)
      throwIfAborted(signal)
      for (const name of [...objects.keys()]) {
        throwIfAborted(signal)
        const object = objects.get(name)
        if (object && name.startsWith(prefix)) yield { name, bytes: object.data.length, modifiedAt: object.modifiedAt }
      }
    },

    async delete(name, { signal } = {}) {
      assertObjectName(name)
      throwIfAborted(signal)
      objects.delete(name)
    },
  }
}
