import { lstat, mkdir, open, readdir, stat, statfs, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { EngineError, throwIfAborted } from '../errors.ts'
import { giveFolder, syncDirectory, temporaryPrefix, writeDurableFile } from './durable-file.ts'
import { systemCode, toStorageError } from './local-errors.ts'
import { createLocalRoot } from './local-root.ts'
import { assertObjectName, assertObjectPrefix, assertObjectSize, isObjectName } from './names.ts'
import { assertRange, objectTooLong, rangePastEnd, readLimit } from './ranges.ts'
import { type Storage, StorageObjectMissing, type StoredObject } from './storage.ts'

/** Unfinished files older than this belong to a writer that is dead, or that will notice and write again. */
const leftoverAgeMs = 60 * 60 * 1000

export interface LocalStorageOptions {
  /** Make the folder at the first `put` if it is not there. Without it, a missing folder is `STORAGE_GONE`. */
  create?: boolean
}

/**
 * A folder of this host, or a share mounted on it. Folders are made 0700 and files 0600; what a `put` returned for has
 * been flushed to the disk, file and folder. The folder itself is never made again once it has been seen.
 *
 * Needs a file system with hard links, for put-if-absent.
 */
export function createLocalStorage(directory: string, { create = false }: LocalStorageOptions = {}): Storage {
  const location = resolve(directory)
  const root = createLocalRoot(location, create)
  const pathOf = (name: string) => join(location, name)

  const attempt = async <T>(action: string, operation: () => Promise<T>): Promise<T> => {
    try {
      return await operation()
    } catch (error) {
      throw toStorageError(error, action, location)
    }
  }

  /** The folders between the root and an object; never the root itself, so that a vanished one stays vanished. */
  const makeFolders = async (name: string) => {
    const parts = name.split('/').slice(0, -1)
    for (let depth = 1; depth <= parts.length; depth++) {
      const folder = pathOf(parts.slice(0, depth).join('/'))
      const made = await mkdir(folder, { mode: 0o700 }).then(
        () => true,
        (error: unknown) => {
          if (systemCode(error) === 'EEXIST') return false
          throw error
        },
      )
      if (!made) continue
      const owner = root.owner()
      if (owner) await giveFolder(folder, owner)
      await syncDirectory(dirname(folder))
    }
  }

  const put: Storage['put'] = (name, data, { ifAbsent = false, signal } = {}) =>
    attempt(`write ${name}`, async () => {
      assertObjectName(name)
      assertObjectSize(name, data)
      throwIfAborted(signal)
      await root.ensure()
      const write = () => writeDurableFile(pathOf(name), data, { ifAbsent, signal, owner: root.owner() })
      const written = await write().catch(async (error: unknown) => {
        if (systemCode(error) !== 'ENOENT') throw error
        await root.present()
        await makeFolders(name)
        return write()
      })
      root.remember(name)
      return written
    })

  const get: Storage['get'] = (name, { offset = 0, length, maxBytes, signal } = {}) =>
    attempt(`read ${name}`, async () => {
      assertObjectName(name)
      assertRange(offset, length)
      throwIfAborted(signal)
      const file = await open(pathOf(name), 'r').catch(async (error: unknown) => {
        if (!isMissing(error)) throw error
        await root.present()
        throw new StorageObjectMissing(name, location)
      })
      try {
        const found = await file.stat()
        if (!found.isFile()) throw new StorageObjectMissing(name, location)
        const wanted = length ?? Math.max(0, found.size - offset)
        if (offset + wanted > found.size) throw rangePastEnd(name, location)
        const limit = readLimit({ maxBytes })
        if (wanted > limit) throw objectTooLong(name, location, wanted, limit)
        const data = Buffer.allocUnsafeSlow(wanted)
        for (let read = 0; read < wanted; ) {
          throwIfAborted(signal)
          const { bytesRead } = await file.read(data, read, wanted - read, offset + read)
          if (bytesRead === 0) throw rangePastEnd(name, location)
          read += bytesRead
        }
        root.remember(name)
        return data
      } finally {
        await file.close()
      }
    })

  const describe = async (name: string): Promise<StoredObject | null> => {
    const found = await lstat(pathOf(name)).catch((error: unknown) => {
      if (isMissing(error)) return undefined
      throw error
    })
    return found?.isFile() ? { name, bytes: found.size, modifiedAt: found.mtime } : null
  }

  /** The names in a folder of objects (`''` is the root), in no order. A folder that is not there is empty. */
  const entries = async (folder: string) => {
    try {
      return await readdir(pathOf(folder), { withFileTypes: true })
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  }

  async function* walk(folder: string, prefix: string, signal?: AbortSignal): AsyncGenerator<string> {
    for (const entry of await entries(folder)) {
      throwIfAborted(signal)
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`
      if (entry.isDirectory() && (prefix.startsWith(`${name}/`) || `${name}/`.startsWith(prefix)))
        yield* walk(name, prefix, signal)
      else if (entry.isFile() && name.startsWith(prefix)) yield name
    }
  }

  return {
    location,
    put,
    get,

    stat: (name, { signal } = {}) =>
      attempt(`look at ${name}`, async () => {
        assertObjectName(name)
        throwIfAborted(signal)
        const found = await describe(name)
        if (found) root.remember(name)
        else await root.present()
        return found
      }),

    async *list(prefix, { signal } = {}) {
      assertObjectPrefix(prefix)
      throwIfAborted(signal)
      try {
        if (!(await root.present())) return
        for await (const name of walk('', prefix, signal)) {
          if (!isObjectName(name)) continue
          const found = await describe(name)
          if (found) yield found
        }
        // A share that went away half-way looks like empty folders: then this list was not one.
        await root.present()
      } catch (error) {
        throw toStorageError(error, `list ${prefix}`, location)
      }
    },

    delete: (name, { signal } = {}) =>
      attempt(`delete ${name}`, async () => {
        assertObjectName(name)
        throwIfAborted(signal)
        root.forget(name)
        try {
          await unlink(pathOf(name))
        } catch (error) {
          if (!isMissing(error)) throw error
          await root.present()
          return
        }
        await syncDirectory(dirname(pathOf(name)))
      }),

    freeBytes: () =>
      attempt('read the free space', async () => {
        if (!(await root.present())) throw new EngineError('STORAGE_GONE', `The folder ${location} is not there yet.`)
        const { bavail, bsize } = await statfs(location)
        return bavail * bsize
      }),

    sweepLeftovers: ({ signal } = {}) =>
      attempt('remove leftovers', async () => {
        if (!(await root.present())) return 0
        // Its own clock may differ from this host's (a share): a file made now shows the time there.
        const now = await fileSystemTime(location)
        let removed = 0
        for await (const name of walk('', '', signal)) {
          if (!name.slice(name.lastIndexOf('/') + 1).startsWith(temporaryPrefix)) continue
          const found = await stat(pathOf(name)).catch(() => undefined)
          if (!found || now - found.mtimeMs < leftoverAgeMs) continue
          await unlink(pathOf(name)).catch(() => {})
          removed++
        }
        return removed
      }),
  }
}

async function fileSystemTime(folder: string): Promise<number> {
  const probe = join(folder, `${temporaryPrefix}time-${process.pid}`)
  try {
    await (await open(probe, 'w', 0o600)).close()
    return (await stat(probe)).mtimeMs
  } finally {
    await unlink(probe).catch(() => {})
  }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCode(error) ?? '')
}
