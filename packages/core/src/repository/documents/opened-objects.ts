import type { StoredObject } from '../../storage/storage.ts'

/**
 * What was read of immutable objects, so that a list does not open every one of them again. An object that has another
 * length or time than when it was read is read again; one that a list does not name any more is dropped.
 */
export interface OpenedObjects<T> {
  get(object: StoredObject): T | undefined
  set(object: StoredObject, value: T): void
  /** Drops all but these. */
  keepOnly(names: ReadonlySet<string>): void
}

/** Holds the contents of at most `maxBytes` of stored objects; past that, objects are simply read again. */
export function createOpenedObjects<T>({ maxBytes }: { maxBytes: number }): OpenedObjects<T> {
  const held = new Map<string, { bytes: number; time: number; value: T }>()
  let total = 0
  const drop = (name: string) => {
    total -= held.get(name)?.bytes ?? 0
    held.delete(name)
  }
  return {
    get({ name, bytes, modifiedAt }) {
      const found = held.get(name)
      return found?.bytes === bytes && found.time === modifiedAt.getTime() ? found.value : undefined
    },
    set({ name, bytes, modifiedAt }, value) {
      drop(name)
      if (total + bytes > maxBytes) return
      held.set(name, { bytes, time: modifiedAt.getTime(), value })
      total += bytes
    },
    keepOnly(names) {
      for (const name of [...held.keys()]) if (!names.has(name)) drop(name)
    },
  }
}
