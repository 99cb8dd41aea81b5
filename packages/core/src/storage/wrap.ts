import type { Storage } from './storage.ts'

/**
 * A storage that is `storage` but for some operations. The optional ones are there only where the inner storage has
 * them, and are called on it, so that it may be an instance of a class.
 */
export function wrapStorage(storage: Storage, overrides: Partial<Storage>): Storage {
  return {
    location: storage.location,
    put: (name, data, options) => storage.put(name, data, options),
    get: (name, options) => storage.get(name, options),
    stat: (name, options) => storage.stat(name, options),
    list: (prefix, options) => storage.list(prefix, options),
    delete: (name, options) => storage.delete(name, options),
    objectLock: storage.objectLock,
    freeBytes: storage.freeBytes?.bind(storage),
    sweepLeftovers: storage.sweepLeftovers?.bind(storage),
    close: storage.close?.bind(storage),
    ...overrides,
  }
}
