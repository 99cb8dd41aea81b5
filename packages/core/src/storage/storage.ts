/**
 * Where a repository's objects lie: a flat space of immutable, named byte strings.
 *
 * Every implementation passes `storageConformance` (conformance.ts). The contract, in full:
 *
 * - **Names** match `^[a-zA-Z0-9][a-zA-Z0-9._-]*(/[a-zA-Z0-9][a-zA-Z0-9._-]*)*$`, at most 200 bytes; anything else is
 *   refused with `CONFIG_INVALID` before the storage is touched.
 * - **put** is atomic and durable: when it has returned, the object survives a crash of the host, whole; when it fails
 *   or the process dies, no reader ever sees a part of it. Without `ifAbsent` it replaces.
 * - **put with ifAbsent** lets exactly one of several competing writers win; the others get `false`.
 * - **get** of a name that is not there throws `StorageObjectMissing`; a range past the end throws too: never fewer
 *   bytes than asked for. The buffer is the caller's, who may change it or give its memory back. It never takes more memory
 *   than `maxBytes`: an object that has more throws `REPOSITORY_DAMAGED` before anything is read.
 * - **list** yields each object whose name starts with the prefix, in no particular order; an object whose `put` had
 *   returned before the listing began is in it.
 * - **delete** of a name that is not there succeeds.
 * - Objects are at most 64 MiB, so a whole one fits in memory.
 * - Failures are `EngineError`s: `STORAGE_FULL`, `STORAGE_GONE`, `STORAGE_DENIED`, `STORAGE_FAILED` (retryable),
 *   `ABORTED`.
 */
export interface Storage {
  /** For people and logs: where this is, without any secret. */
  readonly location: string
  /** Stores an object. Resolves `true` when it was written, `false` when `ifAbsent` found one there. */
  put(name: string, data: Uint8Array, options?: PutOptions): Promise<boolean>
  get(name: string, options?: GetOptions): Promise<Buffer>
  /** `null` when it is not there. */
  stat(name: string, options?: StorageOptions): Promise<StoredObject | null>
  list(prefix: string, options?: StorageOptions): AsyncIterable<StoredObject>
  delete(name: string, options?: StorageOptions): Promise<void>
  /** Bytes that can still be written, where the storage knows. */
  freeBytes?(): Promise<number>
  /** Where the storage can keep objects from being deleted, by its owner too: how. */
  readonly objectLock?: ObjectLock
  /** Removes what dead writers left behind and no reader sees (unfinished uploads); returns how many. */
  sweepLeftovers?(options?: StorageOptions): Promise<number>
  /** Releases connections and timers. The storage is not used afterwards. */
  close?(): Promise<void>
}

/**
 * Packs, key slots, `config` and the recovery program are locked as they are put; the commit of a backup locks its
 * manifest, and extends the locks of everything it needs: see `keepLocked`. A `delete` of something locked hides it; the bytes stay.
 */
export interface ObjectLock {
  /** How long everything a backup needs is locked after the backup, in ms. */
  readonly periodMs: number
  /** For people, e.g. `governance`. */
  readonly mode: string
  /** Until when the object cannot be deleted; null where it is not locked, or not there. */
  lockedUntil(name: string, options?: StorageOptions): Promise<Date | null>
  /** Locks an object until then. Never to a time before the one that holds. */
  lock(name: string, until: Date, options?: StorageOptions): Promise<void>
}

/** What every operation of a storage takes. */
export interface StorageOptions {
  signal?: AbortSignal
}

/** With `ifAbsent`, a put fails where the object is already there. */
export interface PutOptions extends StorageOptions {
  ifAbsent?: boolean
}

/** Which bytes of an object are read: all of them by default. */
export interface GetOptions extends StorageOptions {
  offset?: number
  length?: number
  /** At most so many bytes are read. Default and maximum: 64 MiB, the longest that an object may be. */
  maxBytes?: number
}

/** An object as a listing has it. */
export interface StoredObject {
  name: string
  bytes: number
  modifiedAt: Date
}

/** `get` of an object that is not there. */
export class StorageObjectMissing extends Error {
  readonly objectName: string
  constructor(objectName: string, location: string) {
    super(`There is no object "${objectName}" in ${location}.`)
    this.name = 'StorageObjectMissing'
    this.objectName = objectName
  }
}
