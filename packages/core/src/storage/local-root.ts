import { lstat, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError } from '../errors.ts'
import { syncDirectory } from './durable-file.ts'
import { systemCode } from './local-errors.ts'

/**
 * The folder of a local storage, watched: a folder that was there and is not, or whose place another one has taken (a
 * share unmounted from its mount point), is `STORAGE_GONE`. It is made at most once, before it was ever seen.
 */
export interface LocalRoot {
  /** Whether the folder is there; `false` only where it may still be made. Else throws `STORAGE_GONE`. */
  present(): Promise<boolean>
  /** Makes it if it may be made, with the folders above it. */
  ensure(): Promise<void>
  /** An object known to be in it: if the folder's identity changes but this is still there, all is well (remount). */
  remember(name: string): void
  forget(name: string): void
  /** To whom what is made in it is given: see {@link FileOwner}. Null: it stays this process's. */
  owner(): FileOwner | null
}

/**
 * The owner of the folder, where this process is root and the folder another user's: one `sudo lifeboat backup` must not leave
 * files that the application, which runs as that user, cannot read.
 */
export interface FileOwner {
  uid: number
  gid: number
}

export function createLocalRoot(directory: string, create: boolean): LocalRoot {
  let identity: string | undefined
  let witness: string | undefined
  let owner: FileOwner | null = null

  const present = async () => {
    const found = await stat(directory).catch((error: unknown) => {
      if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined
      throw error
    })
    if (!found) {
      if (create && identity === undefined) return false
      throw new EngineError('STORAGE_GONE', `The folder ${directory} is not there.`)
    }
    if (!found.isDirectory()) throw new EngineError('STORAGE_GONE', `${directory} is not a folder.`)
    const seen = `${found.dev}:${found.ino}`
    if (identity !== undefined && seen !== identity && !(await holds(witness)))
      throw new EngineError('STORAGE_GONE', `Another folder has taken the place of ${directory}.`)
    identity = seen
    owner = process.geteuid?.() === 0 && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : null
    return true
  }

  const holds = async (name: string | undefined) =>
    name !== undefined &&
    (await lstat(join(directory, name)).then(
      () => true,
      () => false,
    ))

  return {
    present,
    owner: () => owner,
    async ensure() {
      if (await present()) return
      const first = await mkdir(directory, { recursive: true, mode: 0o700 })
      if (first !== undefined)
        for (let made = directory; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
      await present()
    },
    remember(name) {
      witness ??= name
    },
    forget(name) {
      if (witness === name) witness = undefined
    },
  }
}
