import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type UnpackedPackages, unpackPackages } from './debian-packages.ts'

const run = promisify(execFile)

/** A file system without hard links, owners and modes, mounted: exFAT, on a file. */
export interface ExfatMount {
  folder: string
  /** As if the share had gone away: the folder is the empty one below it. */
  unmount(): Promise<void>
  remove(): Promise<void>
}

/** What mounts it (root only, with FUSE and loop devices), or why that cannot be had here. */
export async function findExfat(): Promise<UnpackedPackages | { unavailable: string }> {
  if (process.getuid?.() !== 0) return { unavailable: 'only root may mount' }
  for (const device of ['/dev/fuse', '/dev/loop-control'])
    if (!existsSync(device)) return { unavailable: `there is no ${device}` }
  try {
    const packages = await unpackPackages('exfat', 'bookworm', ['exfat-fuse', 'exfatprogs'])
    await (await mountExfat(packages)).remove()
    return packages
  } catch (error) {
    return { unavailable: `exFAT cannot be mounted: ${error instanceof Error ? error.message.split('\n')[0] : error}` }
  }
}

export async function mountExfat(packages: UnpackedPackages): Promise<ExfatMount> {
  const base = await mkdtemp(join(tmpdir(), 'lifeboat-exfat-'))
  const [image, folder] = [join(base, 'image'), join(base, 'share')]
  const start = async (program: string, ...args: string[]) => {
    const [file = '', ...first] = packages.command(program)
    await run(file, [...first, ...args], { timeout: 20_000 })
  }
  let device: string | undefined
  const unmount = async () => {
    await run('umount', [folder]).catch(() => {})
    if (device !== undefined) await run('losetup', ['-d', device])
    device = undefined
  }
  const remove = async () => {
    await unmount()
    await rm(base, { recursive: true, force: true })
  }
  try {
    await mkdir(folder)
    const file = await open(image, 'w')
    await file.truncate(256 * 1024 * 1024)
    await file.close()
    await start('usr/sbin/mkfs.exfat', image)
    device = (await run('losetup', ['-f', '--show', image])).stdout.trim()
    await start('sbin/mount.exfat-fuse', device, folder)
    for (let turn = 0; !(await readFile('/proc/mounts', 'utf8')).includes(folder); turn++) {
      if (turn > 50) throw new Error('it is not mounted')
      await sleep(100)
    }
    return { folder, unmount, remove }
  } catch (error) {
    await remove()
    throw error
  }
}
