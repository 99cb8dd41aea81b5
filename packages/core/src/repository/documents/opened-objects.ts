import type { StoredObject } from '../../storage/storage.ts'
import type { Repository } from '../repository.ts'
import type { OpenedManifest } from './manifests.ts'
import type { Verification } from './verifications.ts'

/**
 * What was read of immutable objects, so that a list does not open every one of them again. An object that has another
 * length or time than when it was read is read again; one that a list does not name any more is dropped.
 */
export interface OpenedObjects<T> {
  get(object: StoredObject): T | undefined
  set(object: StoredObject, value: T): void
  /** The same of an object that was put and read back just now: its time is that of the first list that names it. */
  setNew(object: Pick<StoredObject, 'name' | 'bytes'>, value: T): void
  /** Drops all but these. */
  keepOnly(names: ReadonlySet<string>): void
}

/** Holds the contents of at most `maxBytes` of stored objects; past that, objects are simply read again. */
export function createOpenedObjects<T>({ maxBytes }: { maxBytes: number }): OpenedObjects<T> {
  const held = new Map<string, { bytes: number; time: number | null; value: T }>()
  let total = 0
  const drop = (name: string) => {
    total -= held.get(name)?.bytes ?? 0
    held.delete(name)
  }
  const hold = (name: string, { bytes, time, value }: { bytes: number; time: number | null; value: T }) => {
    drop(name)
    if (total + bytes > maxBytes) return
    held.set(name, { bytes, time, value })
    total += bytes
  }
  return {
    get({ name, bytes, modifiedAt }) {
      const found = held.get(name)
      if (found) found.time ??= modifiedAt.getTime()
      return found?.bytes === bytes && found.time === modifiedAt.getTime() ? found.value : undefined
    },
    set: ({ name, bytes, modifiedAt }, value) => hold(name, { bytes, time: modifiedAt.getTime(), value }),
    setNew: ({ name, bytes }, value) => hold(name, { bytes, time: null, value }),
    keepOnly(names) {
      for (const name of [...held.keys()]) if (!names.has(name)) drop(name)
    },
  }
}

interface OpenedBackups {
  manifests: OpenedObjects<OpenedManifest>
  verifications: OpenedObjects<Verification>
}

/** By opened repository, so that what is kept goes with the engine. */
const remembered = new WeakMap<Repository, OpenedBackups>()

/** What was read of the backups of a repository. `fresh`: nothing; what is read now is remembered for the next ones. */
export function openedBackups(repository: Repository, { fresh = false }: { fresh?: boolean } = {}): OpenedBackups {
  const known = fresh ? undefined : remembered.get(repository)
  const opened = known ?? {
    manifests: createOpenedObjects({ maxBytes: 32 << 20 }),
    verifications: createOpenedObjects({ maxBytes: 8 << 20 }),
  }
  remembered.set(repository, opened)
  return opened
}
