import { randomBytes } from 'node:crypto'
import type { Dirent } from 'node:fs'
import {
  access,
  constants,
  lstat,
  mkdir,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { isMountPoint, readMountPoints } from '../../backup/mount-point.ts'
import { cutBytes } from '../names.ts'
import { isWorkFolder } from './media-names.ts'

/** What there is where a media folder is to be put, found out without moving anything. Plain JSON. */
export interface MediaPlace {
  /** The folder itself: links on the way, and in its own place, are followed. */
  folder: string
  present: 'absent' | 'empty' | 'filled'
  /**
   * How a folder comes into place. `rename`: in one step. `inside`: its entries are exchanged one by one, because the
   * folder itself cannot be renamed (a mount point, a parent that is not writable).
   */
  method: 'rename' | 'inside'
  /** Why `inside`; null where it is `rename`. */
  why: string | null
  /** Why nothing can be put there; null where it can. */
  obstacle: string | null
  /** Null where it cannot be known. */
  freeBytes: number | null
}

/**
 * Looks at the place of a media folder. To know whether it can be renamed, a rename is tried that cannot succeed: onto a
 * folder that is not empty. The operating system says what stands in the way before it says that.
 */
export async function findMediaPlace(target: string): Promise<MediaPlace> {
  const folder = await resolveMediaFolder(target)
  const parent = dirname(folder)
  const nothing = { folder, present: 'absent', method: 'rename', why: null, freeBytes: null } as const
  if (folder === parent) return { ...nothing, obstacle: `${folder} is the root of the file system` }
  if (!(await isFolder(parent))) return { ...nothing, obstacle: `the folder ${parent} is not there` }
  const found = await stat(folder).catch(() => null)
  if (!found) {
    const failed = await tryToMake(besideOf(folder))
    const obstacle = failed === null ? null : `nothing can be made in ${parent} (${failed})`
    return { ...nothing, obstacle, freeBytes: await freeBytes(parent) }
  }
  if (!found.isDirectory()) return { ...nothing, present: 'filled', obstacle: `${folder} is not a folder` }
  return lookAtPresent(folder)
}

async function lookAtPresent(folder: string): Promise<MediaPlace> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(codeOf)
  const common = { folder, method: 'inside', why: null, freeBytes: await freeBytes(folder) } as const
  if (typeof entries === 'string')
    return { ...common, present: 'filled', obstacle: `${folder} cannot be read (${entries})` }
  const own = entries.filter((entry) => !isWorkFolder(entry.name))
  const present = own.length > 0 ? 'filled' : 'empty'
  const below = (await readMountPoints()).filter((point) => point.startsWith(`${folder}/`))
  if (below.length > 0)
    return { ...common, present, obstacle: `file systems are mounted below it: ${below.slice(0, 3).join(', ')}` }
  const refused = await tryToRename(folder)
  if (refused === null) return { ...common, present, method: 'rename', obstacle: null }
  const why = (await isMountPoint(folder).catch(() => false))
    ? 'it is a mount point'
    : `it cannot be renamed (${refused}): ${dirname(folder)} would have to be writable`
  return { ...common, present, why, obstacle: await obstacleInside(folder, own) }
}

/** Whether the entries of a folder can be moved into a folder within it; null where they can. */
async function obstacleInside(folder: string, entries: readonly Dirent[]): Promise<string | null> {
  const failed = await tryToMake(join(folder, `.lifeboat-probe-${randomBytes(6).toString('hex')}`))
  if (failed !== null) return `${folder} can neither be renamed nor written to (${failed})`
  const user = process.geteuid?.()
  if (user === undefined || user === 0) return null
  const { mode, uid } = await stat(folder)
  const isSticky = (mode & 0o1000) !== 0 && uid !== user
  for (const entry of entries) {
    const path = join(folder, entry.name)
    // A folder that changes its parent is itself written to.
    const isFixed = entry.isDirectory() && (await access(path, constants.W_OK).catch(codeOf)) !== undefined
    const isTheirs = isSticky && (await lstat(path)).uid !== user
    if (isFixed || isTheirs) return `${path} belongs to another user and cannot be moved`
  }
  return null
}

/** `null` where the folder could be renamed, else the code of the error. */
async function tryToRename(folder: string): Promise<string | null> {
  const probe = besideOf(folder)
  try {
    await mkdir(probe, { mode: 0o700 })
  } catch (error) {
    return codeOf(error)
  }
  try {
    await writeFile(join(probe, 'full'), '')
    await rename(folder, probe)
    // The rename succeeded: another process has emptied the probe.
    await rename(probe, folder)
    return null
  } catch (error) {
    const code = codeOf(error)
    return code === 'ENOTEMPTY' || code === 'EEXIST' ? null : code
  } finally {
    await rm(probe, { recursive: true, force: true })
  }
}

async function tryToMake(folder: string): Promise<string | null> {
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    return codeOf(error)
  }
  await rm(folder, { recursive: true, force: true })
  return null
}

/** What a process that died while it looked has left: empty folders, an hour old. One in use must not go: see tryToRename. */
export async function removeStrayProbes(folder: string): Promise<void> {
  const parent = dirname(folder)
  const prefix = basename(besideOf(folder)).slice(0, -12)
  const probes = [
    ...(await readdir(parent).catch(() => []))
      .filter((name) => name.startsWith(prefix))
      .map((name) => join(parent, name)),
    ...(await readdir(folder).catch(() => []))
      .filter((name) => /^\.lifeboat-probe-[0-9a-f]{12}$/.test(name))
      .map((name) => join(folder, name)),
  ]
  for (const probe of probes) {
    const found = await lstat(probe).catch(() => null)
    if (found?.isDirectory() && Date.now() - found.mtimeMs > 3_600_000)
      await rm(probe, { recursive: true, force: true })
  }
}

function besideOf(folder: string): string {
  return join(dirname(folder), `.${cutBytes(basename(folder), 180)}.lifeboat-probe-${randomBytes(6).toString('hex')}`)
}

/** A path with its links followed; what a dangling one leads to is where a folder would come into being. */
export async function resolveMediaFolder(path: string): Promise<string> {
  return followed(resolve(path), 0)
}

async function followed(path: string, depth: number): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const found = await lstat(path).catch(() => null)
    if (found?.isSymbolicLink() && depth < 40) return followed(resolve(dirname(path), await readlink(path)), depth + 1)
    if (found || dirname(path) === path) return path
    return join(await followed(dirname(path), depth), basename(path))
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true
}

async function freeBytes(folder: string): Promise<number | null> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  } catch {
    return null
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error)
}
