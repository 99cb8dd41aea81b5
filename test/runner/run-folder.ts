import { existsSync, statfsSync } from 'node:fs'
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { freemem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serverAccount } from '../../packages/core/src/testing/server-account.ts'

/**
 * What the files of one run share, by environment variables that their processes and the children of these inherit:
 * a folder for everything temporary, one in it for what initdb has made, and a cache for compiled modules. Dozens of
 * processes and hundreds of worker threads load the same sources; without the cache each of them strips the types and
 * compiles again.
 */
export async function setup(): Promise<() => Promise<void>> {
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url))
  const folders: string[] = []
  if (process.env.TMPDIR === undefined && memoryIsLarge()) {
    await removeLeftovers()
    const folder = await mkdtemp(`${inMemory}/${prefix}${process.pid}-`)
    folders.push(folder)
    // Like /tmp: servers run as another user.
    await chmod(folder, 0o1777)
    process.env.TMPDIR = folder
  }
  const templates = await mkdtemp(join(tmpdir(), 'lifeboat-templates-'))
  folders.unshift(templates)
  const account = serverAccount()
  if (account) await chown(templates, account.uid, account.gid)
  process.env.LIFEBOAT_CLUSTER_TEMPLATES = templates
  return async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  }
}

const inMemory = '/dev/shm'
const prefix = 'lifeboat-tests-'
const gibibyte = 1024 ** 3

/** A run that was killed leaves its folder, and that is memory. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(inMemory)) {
    const pid = name.startsWith(prefix) && Number.parseInt(name.slice(prefix.length), 10)
    if (pid && !existsSync(`/proc/${pid}`)) await rm(join(inMemory, name), { recursive: true, force: true })
  }
}

/**
 * Whether clusters and repositories can lie in memory. `CREATE DATABASE` copies 300 files: 20 ms of processor time there
 * and up to 200 on a disk, thousands of times in a run. A container's 64 MB are not enough.
 */
function memoryIsLarge(): boolean {
  if (process.platform !== 'linux' || !existsSync(inMemory)) return false
  const { type, bavail, bsize } = statfsSync(inMemory)
  const tmpfs = 0x01021994
  return type === tmpfs && bavail * bsize >= 8 * gibibyte && freemem() >= 8 * gibibyte
}
