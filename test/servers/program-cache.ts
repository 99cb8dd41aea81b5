import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, lstat, mkdir, rename, rm } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = userInfo().uid === 0

/**
 * Where programs lie that tests fetch. Run by root, servers are started as another user, who cannot enter a clone below
 * /root: then it is a folder of the system's, which root alone may write. Otherwise the clone's own.
 */
const cache = root ? '/var/cache/lifeboat-tests' : fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))

/** A place in the cache. `name` must say all that its content depends on: versions, checksums, names of packages. */
export function cachedProgram(name: string): string {
  return join(cache, name)
}

/**
 * Fills a place in the cache, unless it is there: in a folder beside it that is renamed, so that no process sees half
 * of it. All users can read the result and none but the owner can change it, whatever the umask.
 */
export async function fillOnce(place: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(place), { recursive: true })
  if (root) await trust(cache)
  if (existsSync(place)) return
  const temporary = `${place}.${randomBytes(6).toString('hex')}`
  try {
    await mkdir(temporary)
    await fill(temporary)
    await run('chmod', ['-R', 'u+rwX,go+rX,go-w,a-s', temporary])
    await rename(temporary, place).catch((error) => {
      if (!existsSync(place)) throw error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** What lies here is executed, by root too: it must be root's own, and a folder and not a link. */
async function trust(folder: string): Promise<void> {
  const { uid, mode } = await lstat(folder)
  if (uid !== 0 || (mode & 0o170000) !== 0o040000 || (mode & 0o022) !== 0)
    throw new Error(`${folder} can be written by others than root: remove it`)
  await chmod(folder, 0o755)
}
