import { randomBytes } from 'node:crypto'
import type { FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2'
import { EngineError, isEngineError } from '../errors.ts'
import { temporaryPrefix } from './durable-file.ts'
import { maximumObjectBytes } from './names.ts'
import { RemoteError, type RemoteFailure } from './remote-errors.ts'
import type { RemoteDriver, RemoteObject } from './remote-storage.ts'
import { readRange, sftpStatus, statusOf, writeNewFile } from './sftp-files.ts'
import { type SftpSession, sftpCall } from './sftp-session.ts'

/** Folders read at once by a listing. */
const foldersAtOnce = 16
/** Unfinished files older than this belong to a writer that is dead, or that will notice and write again. */
const leftoverAgeMs = 60 * 60 * 1000
const connectMs = 30_000
/** How long an aborted operation may take to clean up before its connection is closed. */
const cleanUpMs = 5_000

/**
 * Files under `root` over SFTP. `connect` gives a session that works; one that has died is replaced.
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
  const { root, create, connect } = options
  const pathOf = (key: string) => (key === '' ? root : root.endsWith('/') ? root + key : `${root}/${key}`)
  let session: Promise<SftpSession> | undefined
  let renameRefuses = false

  /** The session that works, made by whoever needs it first; nobody's abort ends the connecting of others. */
  const current = async (): Promise<SftpSession> => {
    for (;;) {
      session ??= connect(AbortSignal.timeout(connectMs))
      const mine = session
      const open = await mine.catch((error: unknown) => {
        if (session === mine) session = undefined
        throw error
      })
      if (open.alive) return open
      if (session === mine) session = undefined
    }
  }

  /** Runs with the session, which is given up where the server does not even answer an abort's clean-up. */
  const withSftp = async <T>(signal: AbortSignal, work: (sftp: SFTPWrapper) => Promise<T>): Promise<T> => {
    let giveUp: NodeJS.Timeout | undefined
    let open: SftpSession | undefined
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    aborted.catch(() => {})
    const abort = () => {
      giveUp = setTimeout(() => open?.close(), cleanUpMs)
      giveUp.unref()
      reject(signal.reason)
    }
    signal.addEventListener('abort', abort, { once: true })
    const working = (async () => {
      open = await current()
      signal.throwIfAborted()
      open.busy(true)
      try {
        return await Promise.race([work(open.sftp), open.ended])
      } finally {
        open.busy(false)
        clearTimeout(giveUp)
      }
    })()
    working.catch(() => {})
    try {
      return await Promise.race([working, aborted])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  const statOf = (sftp: SFTPWrapper, path: string) =>
    sftpCall<Stats>((done) => sftp.lstat(path, done)).catch((error: unknown) => {
      if (statusOf(error) === sftpStatus.noSuchFile) return null
      throw error
    })

  /** Something is not there: an object, or all of them? */
  const orGone = async (sftp: SFTPWrapper): Promise<void> => {
    if (create) return
    if ((await statOf(sftp, root)) === null) throw new RemoteError('gone', `the folder ${root} is not there`)
  }

  const makeFolder = (sftp: SFTPWrapper, path: string) =>
    sftpCall((done) => sftp.mkdir(path, { mode: 0o700 }, done)).catch(async (error: unknown) => {
      const found = await statOf(sftp, path)
      if (!found?.isDirectory()) throw error
    })

  const makeFolders = async (sftp: SFTPWrapper, key: string) => {
    if ((await statOf(sftp, root)) === null) {
      if (!create) throw new RemoteError('gone', `the folder ${root} is not there`)
      const parts = root.split('/')
      for (let depth = 1; depth <= parts.length; depth++) {
        const folder = parts.slice(0, depth).join('/')
        if (folder !== '' && (await statOf(sftp, folder)) === null) await makeFolder(sftp, folder)
      }
    }
    const parts = key.split('/').slice(0, -1)
    for (let depth = 1; depth <= parts.length; depth++) await makeFolder(sftp, pathOf(parts.slice(0, depth).join('/')))
  }

  /** Gives a finished file its name. `false`: another one has it. */
  const nameOnce = async (sftp: SFTPWrapper, temporary: string, path: string): Promise<boolean> => {
    const linked = await sftpCall((done) => sftp.ext_openssh_hardlink(temporary, path, done)).then(
      () => true,
      async (error: unknown) => {
        if (error instanceof RemoteError || statusOf(error) === sftpStatus.unsupported) return undefined
        if ((await statOf(sftp, path)) === null) throw error
        return false
      },
    )
    if (linked !== undefined) return linked
    try {
      await sftpCall((done) => sftp.rename(temporary, path, done))
    } catch (error) {
      if ((await statOf(sftp, path)) === null) throw error
      renameRefuses = true
      return false
    }
    return true
  }

  const replace = async (sftp: SFTPWrapper, temporary: string, path: string): Promise<void> => {
    try {
      await sftpCall((done) => sftp.ext_openssh_rename(temporary, path, done))
    } catch (error) {
      if (!(error instanceof RemoteError) && statusOf(error) !== sftpStatus.unsupported) throw error
      // Without the extension nothing replaces in one step. Repositories replace nothing they cannot do without.
      await sftpCall((done) => sftp.unlink(path, done)).catch(() => {})
      await sftpCall((done) => sftp.rename(temporary, path, done))
    }
  }

  const store = async (sftp: SFTPWrapper, key: string, data: Buffer, ifAbsent: boolean, signal: AbortSignal) => {
    const path = pathOf(key)
    const temporary = `${path.slice(0, path.lastIndexOf('/') + 1)}${temporaryPrefix}${randomBytes(9).toString('hex')}`
    try {
      await writeNewFile(sftp, temporary, data, signal).catch(async (error: unknown) => {
        if (statusOf(error) !== sftpStatus.noSuchFile) throw error
        await makeFolders(sftp, key)
        await writeNewFile(sftp, temporary, data, signal)
      })
      signal.throwIfAborted()
      if (ifAbsent) return await nameOnce(sftp, temporary, path)
      await replace(sftp, temporary, path)
      return true
    } catch (error) {
      throw await fullOr(sftp, root, data.length, error)
    } finally {
      await sftpCall((done) => sftp.unlink(temporary, done)).catch(() => {})
    }
  }

  const entries = async (sftp: SFTPWrapper, folder: string) => {
    try {
      return await sftpCall<FileEntryWithStats[]>((done) => sftp.readdir(pathOf(folder), done))
    } catch (error) {
      if (statusOf(error) !== sftpStatus.noSuchFile && !(await isFile(sftp, pathOf(folder)))) throw error
      return []
    }
  }
  const isFile = async (sftp: SFTPWrapper, path: string) => (await statOf(sftp, path))?.isFile() === true

  /** The files in these folders and the folders below them that a prefix may reach. */
  const readFolders = async (sftp: SFTPWrapper, folders: string[], prefix: string) => {
    const objects: RemoteObject[] = []
    const below: string[] = []
    const read = await Promise.all(folders.map(async (folder) => ({ folder, found: await entries(sftp, folder) })))
    for (const { folder, found } of read)
      for (const { filename, attrs } of found) {
        if (filename === '.' || filename === '..' || filename.includes('/') || filename.includes('\n')) continue
        const key = folder === '' ? filename : `${folder}/${filename}`
        if (attrs.isDirectory() && (prefix.startsWith(`${key}/`) || `${key}/`.startsWith(prefix))) below.push(key)
        else if (attrs.isFile() && key.startsWith(prefix))
          objects.push({ key, bytes: attrs.size, modifiedAt: new Date(attrs.mtime * 1000) })
      }
    return { objects, below }
  }

  return {
    put: (key, data, { ifAbsent, signal }) =>
      withSftp(signal, async (sftp) => {
        const written = await store(sftp, key, data, ifAbsent, signal)
        if (!written || !ifAbsent || renameRefuses) return written
        // Where hard links are missing: does a rename refuse to replace? The same bytes again tell, and change nothing.
        if (await hasHardLinks(sftp)) renameRefuses = true
        else if (await store(sftp, key, data, true, signal)) throw replacesSilently()
        return true
      }),

    get: (key, range, signal) =>
      withSftp(signal, async (sftp) => {
        try {
          return await readRange(sftp, pathOf(key), range, maximumObjectBytes, signal)
        } catch (error) {
          if (statusOf(error) === sftpStatus.noSuchFile) await orGone(sftp)
          else if (statusOf(error) === sftpStatus.failure && !(await isFile(sftp, pathOf(key))))
            throw new RemoteError('missing', 'it is not a file')
          throw error
        }
      }),

    stat: (key, signal) =>
      withSftp(signal, async (sftp) => {
        const found = await statOf(sftp, pathOf(key)).catch((error: unknown) => {
          // A part of the path is a file.
          if (statusOf(error) === sftpStatus.failure) return null
          throw error
        })
        if (found === null) await orGone(sftp)
        if (!found?.isFile()) return null
        return { key, bytes: found.size, modifiedAt: new Date(found.mtime * 1000) }
      }),

    list: (prefix, cursor, signal) =>
      withSftp(signal, async (sftp) => {
        const first = cursor === undefined
        const pending = first ? [prefix.split('/').slice(0, -1).join('/')] : cursor.split('\n')
        const { objects, below } = await readFolders(sftp, pending.splice(0, foldersAtOnce), prefix)
        pending.push(...below)
        // A share that went away looks like empty folders: then this list was not one.
        if (pending.length === 0) await orGone(sftp)
        return { objects, next: pending.length === 0 ? undefined : pending.join('\n') }
      }),

    delete: (key, signal) =>
      withSftp(signal, async (sftp) => {
        await sftpCall((done) => sftp.unlink(pathOf(key), done)).catch(async (error: unknown) => {
          if ((await statOf(sftp, pathOf(key)).catch(() => null)) !== null) throw error
          await orGone(sftp)
        })
      }),

    freeBytes: (signal) =>
      withSftp(signal, async (sftp) => {
        await orGone(sftp)
        return (await freeBytesOf(sftp, root)) ?? Number.MAX_SAFE_INTEGER
      }),

    sweepLeftovers: (signal) =>
      withSftp(signal, async (sftp) => {
        const time = `${temporaryPrefix}${randomBytes(9).toString('hex')}`
        await writeNewFile(sftp, pathOf(time), Buffer.alloc(0), signal)
        // The server's own clock, from a file made now.
        const now = (await statOf(sftp, pathOf(time)))?.mtime ?? 0
        await sftpCall((done) => sftp.unlink(pathOf(time), done))
        let removed = 0
        for (let pending = ['']; pending.length > 0; ) {
          signal.throwIfAborted()
          const { objects, below } = await readFolders(sftp, pending.splice(0, foldersAtOnce), '')
          pending.push(...below)
          for (const { key, modifiedAt } of objects) {
            const unfinished = key.slice(key.lastIndexOf('/') + 1).startsWith(temporaryPrefix)
            if (!unfinished || now * 1000 - modifiedAt.getTime() < leftoverAgeMs) continue
            await sftpCall((done) => sftp.unlink(pathOf(key), done)).then(
              () => removed++,
              () => {},
            )
          }
        }
        return removed
      }),

    classify,

    async close() {
      const open = await session?.catch(() => undefined)
      session = undefined
      open?.close()
    },
  }
}

async function hasHardLinks(sftp: SFTPWrapper): Promise<boolean> {
  // Asked with a name that cannot be there: a server with the extension says "no such file", one without "unsupported".
  return sftpCall((done) => sftp.ext_openssh_hardlink('', '', done)).then(
    () => true,
    (error: unknown) => !(error instanceof RemoteError) && statusOf(error) !== sftpStatus.unsupported,
  )
}

/** OpenSSH says no more than "Failure" when the disk is full. */
async function fullOr(sftp: SFTPWrapper, root: string, bytes: number, error: unknown): Promise<unknown> {
  if (statusOf(error) !== sftpStatus.failure) return error
  const free = await freeBytesOf(sftp, root)
  return free !== undefined && free < bytes + 65_536 ? new RemoteError('full', 'no space is left') : error
}

async function freeBytesOf(sftp: SFTPWrapper, path: string): Promise<number | undefined> {
  const found = await sftpCall<{ f_bavail: number; f_frsize: number }>((done) =>
    sftp.ext_openssh_statvfs(path, done as never),
  ).catch(() => undefined)
  return found && Number(found.f_bavail) * Number(found.f_frsize)
}

function classify(error: unknown): RemoteFailure {
  if (isEngineError(error)) return 'failed'
  if (error instanceof RemoteError) return error.failure
  const status = statusOf(error)
  if (status === sftpStatus.noSuchFile) return 'missing'
  return status === sftpStatus.permissionDenied ? 'denied' : 'failed'
}

function replacesSilently(): EngineError {
  return new EngineError(
    'CONFIG_INVALID',
    'This SFTP server has no hard links and renames over files: it cannot tell who of two writers was first.',
    { advice: 'Use OpenSSH on a file system with hard links: leases and commits would not be safe here.' },
  )
}
