import { randomBytes } from 'node:crypto'
import { constants, type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError, throwIfAborted } from '../errors.ts'
import { systemCode } from './local-errors.ts'
import type { FileOwner } from './local-root.ts'

/** File names that begin so are unfinished objects: no reader sees them. */
export const temporaryPrefix = '.unfinished-'

const sliceBytes = 4 * 1024 * 1024

/**
 * Writes a whole file that survives a crash of the host, or none: into a temporary file in the same folder, flushed, then put
 * under its name, then the folder flushed. With `ifAbsent` exactly one of several writers gets `true`.
 */
export async function writeDurableFile(
  path: string,
  data: Uint8Array,
  { ifAbsent, signal, owner }: { ifAbsent: boolean; signal?: AbortSignal; owner: FileOwner | null },
): Promise<boolean> {
  const folder = dirname(path)
  const temporary = join(folder, `${temporaryPrefix}${randomBytes(9).toString('hex')}`)
  let left = false
  try {
    await writeFlushed(temporary, data, { signal, owner })
    left = true
    throwIfAborted(signal)
    if (!ifAbsent) {
      await replace(temporary, path)
      left = false
      await syncDirectory(folder)
      return true
    }
    const won = await linkOnce(temporary, path)
    // Also when another writer won: a caller that learns "it is there" relies on it, and that writer has perhaps not
    // reached this line yet.
    await syncDirectory(folder)
    return won
  } catch (error) {
    left = true
    throw error
  } finally {
    // A temporary file that cannot be removed now is swept later; the object's fate is already decided.
    if (left) await unlink(temporary).catch(() => {})
  }
}

async function writeFlushed(
  path: string,
  data: Uint8Array,
  { signal, owner }: { signal: AbortSignal | undefined; owner: FileOwner | null },
): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    if (owner) await give(file, owner)
    for (let written = 0; written < data.byteLength; ) {
      throwIfAborted(signal)
      const { bytesWritten } = await file.write(data, written, Math.min(sliceBytes, data.byteLength - written))
      written += bytesWritten
    }
    // Flushes the bytes and the length; the times of a new file are worth nothing.
    await file.datasync()
  } finally {
    await file.close()
  }
}

/** A share may not let root do that (root_squash): then it stays whose it is. */
async function give(file: FileHandle, { uid, gid }: FileOwner): Promise<void> {
  await file.chown(uid, gid).catch((error: unknown) => {
    if (!['EPERM', 'EINVAL', 'ENOTSUP', 'ENOSYS'].includes(systemCode(error) ?? '')) throw error
  })
}

/** By a handle on what is a folder and no link: the owner of the folder above could put something else under the name. */
export async function giveFolder(path: string, owner: FileOwner): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    await give(folder, owner)
  } finally {
    await folder.close()
  }
}

/**
 * Shares (CIFS) may refuse to rename onto a file that is there. Then it goes first, and for a moment neither is there:
 * what a repository replaces is the same bytes again, or text for people.
 */
async function replace(temporary: string, path: string): Promise<void> {
  try {
    await rename(temporary, path)
  } catch (error) {
    if (!refusals.has(systemCode(error) ?? '')) throw error
    await unlink(path)
    await rename(temporary, path)
  }
}

const refusals = new Set(['EEXIST', 'EACCES', 'EBUSY'])
const noHardLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

async function linkOnce(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path)
    return true
  } catch (error) {
    const code = systemCode(error) ?? ''
    if (noHardLinks.has(code))
      throw new EngineError(
        'CONFIG_INVALID',
        `The file system of ${dirname(path)} has no hard links (${code}): it cannot tell who of two writers was first.`,
        {
          cause: error,
          advice:
            'Use another place: leases and commits would not be safe here. Shares: NFS has hard links, CIFS with the Unix extensions too; FAT has none. Or reach the server by sftp://.',
        },
      )
    if (code !== 'EEXIST') throw error
    // Over NFS a request that was carried out may be sent again and then finds its own link.
    return (await stat(temporary)).nlink > 1
  }
}

/** Makes the names in a folder survive a crash. File systems that cannot flush a folder need no flush. */
export async function syncDirectory(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(systemCode(error) ?? '')) throw error
  } finally {
    await folder.close()
  }
}
