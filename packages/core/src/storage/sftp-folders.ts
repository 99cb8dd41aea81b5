import type { FileEntryWithStats, SFTPWrapper, Stats } from 'ssh2'
import { RemoteError } from './remote-errors.ts'
import type { RemoteObject } from './remote-storage.ts'
import { sftpStatus, statusOf } from './sftp-files.ts'
import { sftpCall } from './sftp-session.ts'

/** Files below one folder of the server, over one session. */
export interface SftpTree {
  sftp: SFTPWrapper
  root: string
  /** Make the root at the first put; else it must be there. */
  create: boolean
}

/** Folders read at once by a listing. */
export const foldersAtOnce = 16

export function pathIn({ root }: Pick<SftpTree, 'root'>, key: string): string {
  if (key === '') return root
  return root.endsWith('/') ? root + key : `${root}/${key}`
}

/** `null`: nothing is there. */
export function statOf(sftp: SFTPWrapper, path: string): Promise<Stats | null> {
  return sftpCall<Stats>((done) => sftp.lstat(path, done)).catch((error: unknown) => {
    if (statusOf(error) === sftpStatus.noSuchFile) return null
    throw error
  })
}

export async function isFile(sftp: SFTPWrapper, path: string): Promise<boolean> {
  return (await statOf(sftp, path))?.isFile() === true
}

/** For when something is not there: is it one object, or the root with all of them? The second is an error. */
export async function requireRoot({ sftp, root, create }: SftpTree): Promise<void> {
  if (!create && (await statOf(sftp, root)) === null) throw rootMissing(root)
}

/** Makes the folders above a key, and the root where that is asked for. */
export async function makeFolders(tree: SftpTree, key: string): Promise<void> {
  const { sftp, root, create } = tree
  if ((await statOf(sftp, root)) === null) {
    if (!create) throw rootMissing(root)
    for (const folder of foldersAbove(`${root}/`))
      if ((await statOf(sftp, folder)) === null) await makeFolder(sftp, folder)
  }
  for (const folder of foldersAbove(key)) await makeFolder(sftp, pathIn(tree, folder))
}

/** `a/b/c` has `a` and `a/b` above it. */
function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, depth) => parts.slice(0, depth + 1).join('/')).filter((folder) => folder !== '')
}

async function makeFolder(sftp: SFTPWrapper, path: string): Promise<void> {
  await sftpCall((done) => sftp.mkdir(path, { mode: 0o700 }, done)).catch(async (error: unknown) => {
    const found = await statOf(sftp, path)
    if (!found?.isDirectory()) throw error
  })
}

/** The files in these folders with keys that begin with `prefix`, and the folders below that can hold such files. */
export async function readFolders(
  tree: SftpTree,
  folders: readonly string[],
  prefix: string,
): Promise<{ objects: RemoteObject[]; below: string[] }> {
  const objects: RemoteObject[] = []
  const below: string[] = []
  const read = await Promise.all(folders.map(async (folder) => ({ folder, found: await entriesOf(tree, folder) })))
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

async function entriesOf(tree: SftpTree, folder: string): Promise<FileEntryWithStats[]> {
  const path = pathIn(tree, folder)
  try {
    return await sftpCall<FileEntryWithStats[]>((done) => tree.sftp.readdir(path, done))
  } catch (error) {
    if (statusOf(error) !== sftpStatus.noSuchFile && !(await isFile(tree.sftp, path))) throw error
    return []
  }
}

function rootMissing(root: string): RemoteError {
  return new RemoteError('gone', `the folder ${root} is not there`)
}
