import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { storageConformance } from './conformance.ts'
import { createLocalStorage } from './local.ts'

/** File systems that lack something, made of one that has it. A real one is in test/storage/share.test.ts. */
const lacks = vi.hoisted(() => ({ renameOver: false, hardLinks: false, renamesRefused: 0 }))
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>()
  const failing = (code: string) => Object.assign(new Error(code), { code })
  return {
    ...fs,
    async rename(from: string, to: string) {
      if (lacks.renameOver && (await fs.lstat(to).catch(() => null))) {
        lacks.renamesRefused++
        throw failing('EEXIST')
      }
      return fs.rename(from, to)
    },
    async link(from: string, to: string) {
      if (lacks.hardLinks) throw failing('EOPNOTSUPP')
      return fs.link(from, to)
    },
  }
})

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lifeboat-share-'))
})
afterEach(async () => {
  Object.assign(lacks, { renameOver: false, hardLinks: false, renamesRefused: 0 })
  await rm(root, { recursive: true, force: true })
})

/** It promises that a reader never finds the object gone, which such a share cannot keep. */
const needsRenameOver = 'a reader beside writers sees one version, whole'

for (const { name, run } of storageConformance.filter((check) => check.name !== needsRenameOver))
  test(`without rename-over: ${name}`, async () => {
    lacks.renameOver = true
    await run(createLocalStorage(root))
  })

test('without rename-over an object is replaced in two steps, and nothing is left beside it', async () => {
  lacks.renameOver = true
  const storage = createLocalStorage(root)
  await storage.put('README.txt', Buffer.from('first'))
  await storage.put('README.txt', Buffer.from('second'))
  expect(lacks.renamesRefused).toBe(1)
  expect(String(await storage.get('README.txt'))).toBe('second')
  expect(await readdir(root)).toEqual(['README.txt'])
})

test('without hard links the first put-if-absent is refused, says why, and leaves nothing', async () => {
  lacks.hardLinks = true
  const storage = createLocalStorage(root)
  await expect(storage.put('config', Buffer.from('x'), { ifAbsent: true })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('hard links'),
    advice: expect.stringContaining('sftp://'),
  })
  expect(await readdir(root)).toEqual([])
})
