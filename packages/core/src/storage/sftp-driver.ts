import { isEngineError } from '../errors.ts'
import { RemoteError, type RemoteFailure } from './remote-errors.ts'
import type { RemoteDriver } from './remote-storage.ts'
import { readRange, sftpStatus, statusOf } from './sftp-files.ts'
import { foldersAtOnce, isFile, pathIn, readFolders, requireRoot, type SftpTree, statOf } from './sftp-folders.ts'
import { keepSession } from './sftp-kept-session.ts'
import { type SftpSession, sftpCall } from './sftp-session.ts'
import { freeBytesOf, type NamingRules, removeLeftovers, storeFile } from './sftp-store.ts'

/**
 * Files under `root` over SFTP. `connect` opens a session; one that has died is replaced.
 *
 * A file is written under a temporary name, flushed, and only then gets its name: by `hardlink@openssh.com` where it
 * must not be there yet, by `posix-rename@openssh.com` where it replaces. Servers without hard links have to refuse a
 * plain rename onto a file that is there, as the protocol says; one that does not is refused.
 */
export function createSftpDriver(options: {
  root: string
  /** Make the root at the first put. */
  create: boolean
  connect: (signal: AbortSignal) => Promise<SftpSession>
}): RemoteDriver {
  const { root, create } = options
  const session = keepSession(options.connect)
  const rules: NamingRules = { renameRefuses: false }
  const withTree = <T>(signal: AbortSignal, work: (tree: SftpTree) => Promise<T>): Promise<T> =>
    session.with(signal, (sftp) => work({ sftp, root, create }))

  return {
    put: (key, data, { ifAbsent, signal }) =>
      withTree(signal, (tree) => storeFile(tree, { key, data, ifAbsent }, rules, signal)),

    get: (key, range, signal) =>
      withTree(signal, async (tree) => {
        const path = pathIn(tree, key)
        try {
          return await readRange(tree.sftp, path, range, signal)
        } catch (error) {
          if (statusOf(error) === sftpStatus.noSuchFile) await requireRoot(tree)
          else if (statusOf(error) === sftpStatus.failure && !(await isFile(tree.sftp, path)))
            throw new RemoteError('missing', 'it is not a file')
          throw error
        }
      }),

    stat: (key, signal) =>
      withTree(signal, async (tree) => {
        const found = await statOf(tree.sftp, pathIn(tree, key)).catch((error: unknown) => {
          // A part of the path is a file.
          if (statusOf(error) === sftpStatus.failure) return null
          throw error
        })
        if (found === null) await requireRoot(tree)
        if (!found?.isFile()) return null
        return { key, bytes: found.size, modifiedAt: new Date(found.mtime * 1000) }
      }),

    list: (prefix, cursor, signal) =>
      withTree(signal, async (tree) => {
        const pending = cursor === undefined ? [prefix.split('/').slice(0, -1).join('/')] : cursor.split('\n')
        const { objects, below } = await readFolders(tree, pending.splice(0, foldersAtOnce), prefix)
        pending.push(...below)
        // A share that went away looks like empty folders: then this list was not one.
        if (pending.length === 0) await requireRoot(tree)
        return { objects, next: pending.length === 0 ? undefined : pending.join('\n') }
      }),

    delete: (key, signal) =>
      withTree(signal, async (tree) => {
        const path = pathIn(tree, key)
        await sftpCall((done) => tree.sftp.unlink(path, done)).catch(async (error: unknown) => {
          if ((await statOf(tree.sftp, path).catch(() => null)) !== null) throw error
          await requireRoot(tree)
        })
      }),

    freeBytes: (signal) =>
      withTree(signal, async (tree) => {
        await requireRoot(tree)
        return (await freeBytesOf(tree.sftp, root)) ?? Number.MAX_SAFE_INTEGER
      }),

    sweepLeftovers: (signal) => withTree(signal, (tree) => removeLeftovers(tree, signal)),

    classify,
    close: session.close,
  }
}

function classify(error: unknown): RemoteFailure {
  if (isEngineError(error)) return 'failed'
  if (error instanceof RemoteError) return error.failure
  const status = statusOf(error)
  if (status === sftpStatus.noSuchFile) return 'missing'
  return status === sftpStatus.permissionDenied ? 'denied' : 'failed'
}
