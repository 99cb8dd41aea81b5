import { randomBytes } from 'node:crypto'
import type { SFTPWrapper } from 'ssh2'
import { EngineError } from '../errors.ts'
import { temporaryPrefix } from './durable-file.ts'
import { RemoteError } from './remote-errors.ts'
import { sftpStatus, statusOf, writeNewFile } from './sftp-files.ts'
import { foldersAtOnce, makeFolders, pathIn, readFolders, type SftpTree, statOf } from './sftp-folders.ts'
import { sftpCall } from './sftp-session.ts'

/** Unfinished files older than this belong to a writer that is dead, or that will notice and write again. */
const leftoverAgeMs = 60 * 60 * 1000

/** What is known of how a server names files; learned once, and the same for all sessions. */
export interface NamingRules {
  /** A rename onto a file that is there was refused, or is not needed: put-if-absent can be relied on. */
  renameRefuses: boolean
}

export interface FileToStore {
  key: string
  data: Buffer
  ifAbsent: boolean
}

/**
 * Stores a file under its key: written under a temporary name, flushed, and only then named. `false`: `ifAbsent`, and
 * there is one. A server that would silently replace one is refused.
 */
export async function storeFile(
  tree: SftpTree,
  file: FileToStore,
  rules: NamingRules,
  signal: AbortSignal,
): Promise<boolean> {
  const written = await writeAndName(tree, file, rules, signal)
  if (!written || !file.ifAbsent || rules.renameRefuses) return written
  // Where hard links are missing: does a rename refuse to replace? The same bytes again show it, and change nothing.
  if (await hasHardLinks(tree.sftp)) rules.renameRefuses = true
  else if (await writeAndName(tree, file, rules, signal)) throw replacesSilently()
  return true
}

async function writeAndName(
  tree: SftpTree,
  { key, data, ifAbsent }: FileToStore,
  rules: NamingRules,
  signal: AbortSignal,
): Promise<boolean> {
  const { sftp, root } = tree
  const path = pathIn(tree, key)
  const temporary = path.slice(0, path.lastIndexOf('/') + 1) + temporaryName()
  try {
    await writeNewFile(sftp, temporary, data, signal).catch(async (error: unknown) => {
      if (statusOf(error) !== sftpStatus.noSuchFile) throw error
      await makeFolders(tree, key)
      await writeNewFile(sftp, temporary, data, signal)
    })
    signal.throwIfAborted()
    if (ifAbsent) return await nameOnce(sftp, temporary, path, rules)
    await replace(sftp, temporary, path)
    return true
  } catch (error) {
    throw await fullOr(sftp, root, data.length, error)
  } finally {
    await sftpCall((done) => sftp.unlink(temporary, done)).catch(() => {})
  }
}

function temporaryName(): string {
  return `${temporaryPrefix}${randomBytes(9).toString('hex')}`
}

/** Gives a finished file its name. `false`: another one has it. */
async function nameOnce(sftp: SFTPWrapper, temporary: string, path: string, rules: NamingRules): Promise<boolean> {
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
    rules.renameRefuses = true
    return false
  }
  return true
}

async function replace(sftp: SFTPWrapper, temporary: string, path: string): Promise<void> {
  try {
    await sftpCall((done) => sftp.ext_openssh_rename(temporary, path, done))
  } catch (error) {
    if (!(error instanceof RemoteError) && statusOf(error) !== sftpStatus.unsupported) throw error
    // Without the extension nothing replaces in one step. Repositories replace nothing they cannot do without.
    await sftpCall((done) => sftp.unlink(path, done)).catch(() => {})
    await sftpCall((done) => sftp.rename(temporary, path, done))
  }
}

async function hasHardLinks(sftp: SFTPWrapper): Promise<boolean> {
  // Asked with a name that cannot be there: a server with the extension says "no such file", one without "unsupported".
  return sftpCall((done) => sftp.ext_openssh_hardlink('', '', done)).then(
    () => true,
    (error: unknown) => !(error instanceof RemoteError) && statusOf(error) !== sftpStatus.unsupported,
  )
}

/** Removes temporary files that no writer will finish; their number. */
export async function removeLeftovers(tree: SftpTree, signal: AbortSignal): Promise<number> {
  const { sftp } = tree
  // The server's own clock, from a file made now.
  const clock = pathIn(tree, temporaryName())
  await writeNewFile(sftp, clock, Buffer.alloc(0), signal)
  const now = (await statOf(sftp, clock))?.mtime ?? 0
  await sftpCall((done) => sftp.unlink(clock, done))
  let removed = 0
  for (let pending = ['']; pending.length > 0; ) {
    signal.throwIfAborted()
    const { objects, below } = await readFolders(tree, pending.splice(0, foldersAtOnce), '')
    pending.push(...below)
    for (const { key, modifiedAt } of objects) {
      const unfinished = key.slice(key.lastIndexOf('/') + 1).startsWith(temporaryPrefix)
      if (!unfinished || now * 1000 - modifiedAt.getTime() < leftoverAgeMs) continue
      await sftpCall((done) => sftp.unlink(pathIn(tree, key), done)).then(
        () => removed++,
        () => {},
      )
    }
  }
  return removed
}

export async function freeBytesOf(sftp: SFTPWrapper, path: string): Promise<number | undefined> {
  const found = await sftpCall<{ f_bavail: number; f_frsize: number }>((done) =>
    sftp.ext_openssh_statvfs(path, done as never),
  ).catch(() => undefined)
  return found && Number(found.f_bavail) * Number(found.f_frsize)
}

/** OpenSSH says no more than "Failure" when the disk is full. */
async function fullOr(sftp: SFTPWrapper, root: string, bytes: number, error: unknown): Promise<unknown> {
  if (statusOf(error) !== sftpStatus.failure) return error
  const free = await freeBytesOf(sftp, root)
  return free !== undefined && free < bytes + 65_536 ? new RemoteError('full', 'no space is left') : error
}

function replacesSilently(): EngineError {
  return new EngineError(
    'CONFIG_INVALID',
    'This SFTP server has no hard links and renames over files: it cannot tell who of two writers was first.',
    { advice: 'Use OpenSSH on a file system with hard links: leases and commits would not be safe here.' },
  )
}
