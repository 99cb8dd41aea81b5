import { EngineError, throwIfAborted } from '../errors.ts'
import { assertObjectName, assertObjectPrefix, assertObjectSize, isObjectName, maximumObjectBytes } from './names.ts'
import { assertRange, objectTooLong, rangePastEnd, readLimit } from './ranges.ts'
import { ObjectTooLong, type RemoteFailure, remoteError } from './remote-errors.ts'
import { type ObjectLock, type Storage, StorageObjectMissing, type StoredObject } from './storage.ts'

/** What one kind of remote storage can do, in its own words: keys with their prefix, errors as its SDK throws them. */
export interface RemoteDriver {
  /** `false` where `ifAbsent` found an object. */
  put(key: string, data: Buffer, options: { ifAbsent: boolean; signal: AbortSignal }): Promise<boolean>
  /**
   * The bytes from `offset`: `length` of them, or all. At least one is asked for. Fewer come back only at the end. Throws
   * `ObjectTooLong`, with nothing read, for more than `limit`.
   */
  get(key: string, range: DriverRange, signal: AbortSignal): Promise<Buffer>
  stat(key: string, signal: AbortSignal): Promise<RemoteObject | null>
  /** One page of the keys with a prefix, and where the next one begins. */
  list(prefix: string, cursor: string | undefined, signal: AbortSignal): Promise<RemotePage>
  delete(key: string, signal: AbortSignal): Promise<void>
  /** What an error of any of these means. */
  classify(error: unknown): RemoteFailure
  lockedUntil?(key: string, signal: AbortSignal): Promise<Date | null>
  lock?(key: string, until: Date, signal: AbortSignal): Promise<void>
  freeBytes?(signal: AbortSignal): Promise<number>
  sweepLeftovers?(signal: AbortSignal): Promise<number>
  close?(): Promise<void> | void
}

export interface DriverRange {
  offset: number
  length?: number
  limit: number
}

export interface RemoteObject {
  key: string
  bytes: number
  modifiedAt: Date
}

export interface RemotePage {
  objects: RemoteObject[]
  next?: string
}

/** How long one request can take, in addition to the time its bytes need. */
const answerMs = 60_000
/** The slowest connection that is not given up: 16 KiB/s. */
const slowestBytesPerMs = 16

/**
 * The storage contract over a {@link RemoteDriver}: names, ranges, aborts, time limits and errors are the same for every
 * remote storage and are here. The driver is opened, and its SDK loaded, at the first operation.
 */
export function createRemoteStorage(options: {
  location: string
  /** `''` or ending in a slash. */
  prefix: string
  open: () => Promise<RemoteDriver>
  /** What its driver can do beyond what every one can. */
  optional?: readonly ('freeBytes' | 'sweepLeftovers')[]
  /** Where its driver locks objects. */
  objectLock?: Pick<ObjectLock, 'periodMs' | 'mode'>
}): Storage {
  const { location, prefix, open, optional = [], objectLock } = options
  let opened: Promise<RemoteDriver> | undefined

  const driver = () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }

  const attempt = async <T>(
    what: {
      action: string
      name: string
      bytes?: number
      /** Something not found is the object; else it is the place of all objects. */
      ofObject?: boolean
      signal: AbortSignal | undefined
    },
    operation: (driver: RemoteDriver, signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    throwIfAborted(what.signal)
    const limitMs = answerMs + Math.ceil((what.bytes ?? 0) / slowestBytesPerMs)
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(), limitMs)
    let used: RemoteDriver | undefined
    try {
      used = await driver()
      const signal = what.signal ? AbortSignal.any([what.signal, timeout.signal]) : timeout.signal
      return await operation(used, signal)
    } catch (error) {
      if (what.signal?.aborted) throw new EngineError('ABORTED', 'Interrupted.', { cause: what.signal.reason })
      if (timeout.signal.aborted)
        throw new EngineError(
          'STORAGE_FAILED',
          `Could not ${what.action} in ${location}: no answer within ${Math.round(limitMs / 1000)} s.`,
        )
      const failure = used?.classify(error) ?? 'failed'
      throw remoteError(error, {
        ...what,
        location,
        failure: failure === 'missing' && !what.ofObject ? 'gone' : failure,
      })
    } finally {
      clearTimeout(timer)
    }
  }

  const stat: Storage['stat'] = async (name, { signal } = {}) => {
    assertObjectName(name)
    return attempt({ action: `look at ${name}`, name, signal }, async (remote, limited) => {
      try {
        const found = await remote.stat(prefix + name, limited)
        return found && { name, bytes: found.bytes, modifiedAt: found.modifiedAt }
      } catch (error) {
        if (remote.classify(error) === 'missing') return null
        throw error
      }
    })
  }

  /** Nothing to read: whether it may be asked for is a matter of the object's length. */
  const emptyRange = async (name: string, end: number, signal: AbortSignal | undefined) => {
    const found = await stat(name, { signal })
    if (!found) throw new StorageObjectMissing(name, location)
    if (end > found.bytes) throw rangePastEnd(name, location)
    return Buffer.alloc(0)
  }

  const freeBytes = () =>
    attempt({ action: 'read the free space', name: '', signal: undefined }, async (remote, limited) =>
      remote.freeBytes!(limited),
    )
  const sweepLeftovers: Storage['sweepLeftovers'] = ({ signal } = {}) =>
    attempt({ action: 'remove leftovers', name: '', bytes: maximumObjectBytes, signal }, async (remote, limited) =>
      remote.sweepLeftovers!(limited),
    )

  const lockedUntil: ObjectLock['lockedUntil'] = async (name, { signal } = {}) => {
    assertObjectName(name)
    return attempt({ action: `read the lock of ${name}`, name, signal }, async (remote, limited) => {
      try {
        return await remote.lockedUntil!(prefix + name, limited)
      } catch (error) {
        if (remote.classify(error) === 'missing') return null
        throw error
      }
    })
  }
  const lock: ObjectLock['lock'] = async (name, until, { signal } = {}) => {
    assertObjectName(name)
    await attempt({ action: `lock ${name}`, name, ofObject: true, signal }, (remote, limited) =>
      remote.lock!(prefix + name, until, limited),
    )
  }

  return {
    location,
    stat,
    ...(objectLock ? { objectLock: { ...objectLock, lockedUntil, lock } } : {}),
    ...(optional.includes('freeBytes') ? { freeBytes } : {}),
    ...(optional.includes('sweepLeftovers') ? { sweepLeftovers } : {}),

    async put(name, data, { ifAbsent = false, signal } = {}) {
      assertObjectName(name)
      assertObjectSize(name, data)
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
      return attempt({ action: `write ${name}`, name, bytes: bytes.length, signal }, async (remote, limited) => {
        try {
          return await remote.put(prefix + name, bytes, { ifAbsent, signal: limited })
        } catch (error) {
          if (ifAbsent && remote.classify(error) === 'exists') return false
          throw error
        }
      })
    },

    async get(name, { offset = 0, length, maxBytes, signal } = {}) {
      assertObjectName(name)
      assertRange(offset, length)
      const limit = readLimit({ maxBytes })
      if (length !== undefined && length > limit) throw objectTooLong(name, location, length, limit)
      if (length === 0) return emptyRange(name, offset, signal)
      const what = { action: `read ${name}`, name, bytes: length ?? limit, ofObject: true, signal }
      const data = await attempt(what, async (remote, limited) => {
        try {
          return await remote.get(prefix + name, { offset, length, limit }, limited)
        } catch (error) {
          if (error instanceof ObjectTooLong) throw objectTooLong(name, location, error.bytes, limit)
          if (remote.classify(error) === 'range') return undefined
          throw error
        }
      })
      if (data === undefined) return emptyRange(name, offset + (length ?? 0), signal)
      if (length !== undefined && data.length !== length) throw rangePastEnd(name, location)
      return data
    },

    async *list(listed, { signal } = {}) {
      assertObjectPrefix(listed)
      let cursor: string | undefined
      do {
        const page: RemotePage = await attempt({ action: `list ${listed}`, name: listed, signal }, (remote, limited) =>
          remote.list(prefix + listed, cursor, limited),
        )
        for (const object of page.objects) {
          throwIfAborted(signal)
          const found = describe(object, prefix)
          if (found) yield found
        }
        cursor = page.next
      } while (cursor !== undefined)
    },

    async delete(name, { signal } = {}) {
      assertObjectName(name)
      await attempt({ action: `delete ${name}`, name, signal }, async (remote, limited) => {
        try {
          await remote.delete(prefix + name, limited)
        } catch (error) {
          if (remote.classify(error) !== 'missing') throw error
        }
      })
    },

    async close() {
      const open = await opened?.catch(() => undefined)
      opened = undefined
      await open?.close?.()
    },
  }
}

/** Keys that are no object of ours (folders made by consoles, foreign files) are not listed. */
function describe({ key, bytes, modifiedAt }: RemoteObject, prefix: string): StoredObject | undefined {
  const name = key.slice(prefix.length)
  return isObjectName(name) ? { name, bytes, modifiedAt } : undefined
}
