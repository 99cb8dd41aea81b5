import { execFileSync } from 'node:child_process'
import { chmod, chown, mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A media folder in a place of some kind, made for a test. */
export interface Place {
  /** What the application is configured with. */
  path: string
  /** Whether it is still what it was: a link a link, a mount point mounted. */
  isKept(): Promise<boolean>
  remove(): Promise<void>
}

/** Another user than root; of no account. */
export const otherUser = { uid: 54_321, gid: 54_322 }

export const placeKinds = {
  folder: async (root: string): Promise<Place> => {
    const path = await filled(join(root, 'uploads'))
    return { path, isKept: async () => (await stat(path)).isDirectory(), remove: async () => {} }
  },

  'mount point': async (root: string): Promise<Place> => {
    const path = join(root, 'uploads')
    await mkdir(path)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=755', 'tmpfs', path])
    await filled(path)
    return {
      path,
      isKept: async () => (await stat(path)).dev !== (await stat(root)).dev,
      remove: async () => void execFileSync('umount', [path]),
    }
  },

  link: async (root: string): Promise<Place> => {
    await mkdir(join(root, 'data'))
    await filled(join(root, 'data', 'files'))
    const path = join(root, 'uploads')
    await symlink(join('data', 'files'), path)
    return {
      path,
      isKept: async () => (await readdir(root, { withFileTypes: true })).some((one) => one.isSymbolicLink()),
      remove: async () => {},
    }
  },

  /** Of a file system that is mounted for reading only, with a place to write mounted in it: as a container has it. */
  'parent not writable': async (root: string): Promise<Place> => {
    const parent = join(root, 'image')
    await mkdir(join(parent, 'uploads'), { recursive: true })
    await mkdir(join(root, 'writable'))
    execFileSync('mount', ['--bind', parent, parent])
    execFileSync('mount', ['--bind', join(root, 'writable'), join(parent, 'uploads')])
    execFileSync('mount', ['-o', 'remount,ro,bind', parent])
    const path = await filled(join(parent, 'uploads'))
    return {
      path,
      isKept: async () => (await stat(path)).isDirectory(),
      remove: async () => {
        execFileSync('umount', [path])
        execFileSync('umount', [parent])
      },
    }
  },

  'other owner': async (root: string): Promise<Place> => {
    const path = await filled(join(root, 'uploads'))
    for (const name of ['', 'sub', 'sub/picture', 'index']) await chown(join(path, name), otherUser.uid, otherUser.gid)
    await utimes(join(path, 'sub'), 1_600_000_000, 1_600_000_000)
    return { path, isKept: async () => (await stat(path)).uid === otherUser.uid, remove: async () => {} }
  },
}
export type PlaceKind = keyof typeof placeKinds

async function filled(path: string): Promise<string> {
  await mkdir(join(path, 'sub'), { recursive: true })
  await writeFile(join(path, 'sub', 'picture'), 'a picture')
  await writeFile(join(path, 'index'), 'as it was backed up')
  await chmod(join(path, 'sub', 'picture'), 0o664)
  await chmod(join(path, 'sub'), 0o2775)
  await chmod(path, 0o775)
  await utimes(join(path, 'sub', 'picture'), 1_500_000_000, 1_500_000_000.5)
  await utimes(join(path, 'sub'), 1_600_000_000, 1_600_000_000)
  return path
}

/** What the application does after the backup. */
export async function changeMedia(path: string): Promise<void> {
  await rm(join(path, 'sub'), { recursive: true })
  await writeFile(join(path, 'index'), 'changed since')
  await writeFile(join(path, 'new upload'), 'x')
}

/** Everything in a folder that a restore and an undo bring back; not what they keep there themselves. */
export async function mediaState(path: string): Promise<unknown> {
  const names = (await readdir(path, { recursive: true })).filter((name) => !name.startsWith('.lifeboat-')).sort()
  const entries = await Promise.all(
    names.map(async (name) => {
      const { mode, uid, gid, mtimeMs } = await stat(join(path, name))
      const text = await readFile(join(path, name), 'utf8').catch(() => null)
      return { name, mode: (mode & 0o7777).toString(8), uid, gid, mtime: Math.floor(mtimeMs), text }
    }),
  )
  return { mode: ((await stat(path)).mode & 0o7777).toString(8), entries }
}
