import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { canMount } from '../testing/can-mount.ts'
import { findUnmounted, isMountPoint, readMountPoints, unescaped } from './mount-point.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lifeboat-mount-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

test('a folder is no mount point, the root of the file system is one', async () => {
  expect(await isMountPoint(root)).toBe(false)
  expect(await readMountPoints()).toContain('/')
  await expect(isMountPoint(join(root, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('what is written down with octal digits is read', async () => {
  await writeFile(join(root, 'list'), '36 35 98:0 / /mnt/a\\040b\\134c rw - ext4 /dev/x rw\n')
  expect(await readMountPoints(join(root, 'list'))).toEqual(['/mnt/a b\\c'])
  expect(unescaped('a\\011b')).toBe('a\tb')
})

test.skipIf(!canMount())('a tmpfs and a bind mount of the same file system, also through a link', async () => {
  for (const name of ['volume', 'source', 'bound one']) await mkdir(join(root, name))
  const volume = join(root, 'volume')
  const bound = join(root, 'bound one')
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', volume])
  try {
    execFileSync('mount', ['--bind', join(root, 'source'), bound])
    try {
      await symlink(bound, join(root, 'link'))
      expect(await isMountPoint(volume)).toBe(true)
      expect(await isMountPoint(bound)).toBe(true)
      expect(await isMountPoint(join(root, 'link'))).toBe(true)
      expect(await isMountPoint(join(root, 'source'))).toBe(false)
    } finally {
      execFileSync('umount', [bound])
    }
  } finally {
    execFileSync('umount', [volume])
  }
})

test('a path on something that should be mounted and is not', async () => {
  const wanted = join(root, 'fstab')
  const mounted = join(root, 'mountinfo')
  await writeFile(
    wanted,
    '# UUID=1 /old ext4\nUUID=2 / ext4 defaults 0 1\nnas:/a /mnt/nas nfs noauto 0 0\n/dev/b /mnt/a\\040b ext4\n/dev/s none swap sw 0 0\n',
  )
  await writeFile(mounted, '1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / /mnt/a\\040b rw - ext4 /dev/b rw\n')
  const found = (path: string) => findUnmounted(path, { wanted, mounted })
  expect(await found('/mnt/nas')).toBe('/mnt/nas')
  expect(await found('/mnt/nas/backups/app')).toBe('/mnt/nas')
  for (const path of ['/mnt/nas2', '/mnt/a b/backups', '/srv', '/old/x']) expect(await found(path)).toBeUndefined()
  // Nothing is written down, or nothing can be known.
  expect(await findUnmounted('/mnt/nas', { wanted: join(root, 'none'), mounted })).toBeUndefined()
  expect(await findUnmounted('/mnt/nas', { wanted, mounted: join(root, 'none') })).toBeUndefined()
})
