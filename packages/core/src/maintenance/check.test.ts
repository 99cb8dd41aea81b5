import { beforeEach, expect, test, vi } from 'vitest'
import { claimNumber } from '../repository/documents/numbers.ts'
import { setPin } from '../repository/documents/pins.ts'
import { recordVerification } from '../repository/documents/verifications.ts'
import { listPacks } from '../repository/index/load-index.ts'
import { prefixes } from '../repository/layout.ts'
import type { Repository } from '../repository/repository.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { checkRepository } from './check.ts'
import { forgetBackup } from './forget.ts'
import { prune } from './prune.ts'
import { addSampleBackup, beginSampleBackup, initSampleRepository, sampleRows } from './sample-backups.ts'

let storage: Storage
let repository: Repository
let first: string
let second: string
beforeEach(async () => {
  storage = createMemoryStorage()
  repository = await initSampleRepository(storage)
  first = await addSampleBackup(repository, { a: sampleRows(2_000) })
  second = await addSampleBackup(repository, { b: sampleRows(2_000) })
  await setPin(repository, first, true, { by: 'somebody' })
  await claimNumber(repository)
  await recordVerification(repository, { backup: first, level: 'manifest', at: new Date().toISOString(), ok: true })
  const gone = await addSampleBackup(repository, { c: sampleRows(2_000) })
  await forgetBackup(repository, gone)
  // A mark that stays.
  await prune(repository, { graceMs: 0 })
})
const codes = async (options: { readData?: boolean } = {}) => checkRepository(repository, options)

test('a good repository is good', async () => {
  const packs = await listPacks(repository)
  expect(await codes({ readData: true })).toEqual({
    ok: true,
    problems: [],
    warnings: [],
    backups: 2,
    packs: packs.size,
    bytes: [...packs.values()].reduce((sum, bytes) => sum + bytes, 0),
    unindexedPacks: 0,
    recoverSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    shippedRecoverSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    readData: true,
  })
})

test('every object of the format, damaged or cut, is found with readData; the backups it takes are named', async () => {
  const kinds = new Set<string>()
  const objects: string[] = []
  for await (const { name } of storage.list('')) objects.push(name)
  for (const name of objects) {
    const [kind = ''] = name.split('/')
    if (['README.txt', 'recover.mjs', 'leases'].includes(kind)) continue
    kinds.add(kind)
    const whole = await storage.get(name)
    const flipped = Buffer.from(whole)
    const place = whole.length >> 1
    flipped[place] = (flipped[place] ?? 0) ^ 4
    for (const data of [flipped, whole.subarray(0, -1), Buffer.alloc(0)]) {
      await storage.put(name, data)
      const { ok, problems } = await codes({ readData: true })
      expect(ok, name).toBe(false)
      if (kind === 'packs' || kind === 'backups')
        expect(
          problems.flatMap(({ backups }) => backups).some((id) => id === first || id === second),
          name,
        ).toBe(true)
    }
    await storage.put(name, whole)
  }
  expect([...kinds].sort()).toEqual([
    'backups',
    'config',
    'index',
    'keys',
    'marks',
    'numbers',
    'packs',
    'pins',
    'verified',
  ])
  expect((await codes({ readData: true })).ok).toBe(true)
})

test('without readData, a pack that is gone or has another length is found, with the backups that need it', async () => {
  for (const [pack] of await listPacks(repository)) {
    const name = `packs/${pack.slice(0, 2)}/${pack}`
    const whole = await storage.get(name)
    for (const harm of [() => storage.delete(name), () => storage.put(name, whole.subarray(1))]) {
      await harm()
      const { ok, problems } = await codes()
      expect(ok).toBe(false)
      expect(problems.some(({ object, backups }) => object === name && backups.length > 0)).toBe(true)
    }
    await storage.put(name, whole)
  }
})

test('packs of a backup that is running, or died, are no problem', async () => {
  const backup = await beginSampleBackup(repository)
  await backup.write({ d: sampleRows(3_000) })
  const report = await codes({ readData: true })
  expect(report).toMatchObject({ ok: true, problems: [] })
  expect(report.unindexedPacks).toBeGreaterThan(0)
})

test('it changes nothing, and ends on abort', async () => {
  const before: string[] = []
  for await (const { name } of storage.list('')) before.push(name)
  await codes({ readData: true })
  const after: string[] = []
  for await (const { name } of storage.list('')) after.push(name)
  expect(after).toEqual(before)
  await expect(checkRepository(repository, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
})

test('a backup that is completed beside a check is not found wanting', async () => {
  // Marks are listed with the documents, with the index, and after it: that is the moment.
  const list = storage.list
  let marksListed = 0
  vi.spyOn(storage, 'list').mockImplementation(async function* (prefix, options) {
    if (prefix === prefixes.marks && ++marksListed === 3) await addSampleBackup(repository, { d: sampleRows(3_000) })
    yield* list.call(storage, prefix, options)
  })
  expect(await codes({ readData: true })).toMatchObject({ ok: true, problems: [], backups: 2 })
  expect(marksListed).toBeGreaterThan(3)
  expect(await codes()).toMatchObject({ ok: true, backups: 3 })
})
