import { beforeEach, expect, test } from 'vitest'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { tableSchema } from '../repository/documents/documents.ts'
import { listManifests, manifestName } from '../repository/documents/manifests.ts'
import { listPacks, loadChunkIndex } from '../repository/index/load-index.ts'
import { configName, packObjectName, prefixes } from '../repository/layout.ts'
import type { Repository } from '../repository/repository.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { wrapStorage } from '../storage/wrap.ts'
import { createFaultyStorage } from '../testing/faulty-storage.ts'
import { checkRepository } from './check.ts'
import { copyRepository } from './copy.ts'
import { forgetBackup } from './forget.ts'
import { prune } from './prune.ts'
import { repairRepository } from './repair.ts'
import {
  addSampleBackup,
  initSampleRepository,
  openSampleRepository,
  readSampleBackups,
  sampleRows,
} from './sample-backups.ts'

let repository: Repository
let copy: Storage
let expected: Record<string, Record<string, Buffer>>
beforeEach(async () => {
  repository = await initSampleRepository(createMemoryStorage())
  expected = {}
  const shared = sampleRows(4_000)
  for (const size of [3_000, 5_000]) {
    const tables = { shared, own: sampleRows(size) }
    expected[await addSampleBackup(repository, tables)] = tables
  }
  copy = createMemoryStorage()
  await copyRepository(repository, copy)
})

/** Largest first: a small one may have its middle in its table, or fewer bytes than a test cuts off. */
const packs = async (one = repository) =>
  [...(await listPacks(one))].sort(([, a], [, b]) => b - a).map(([name]) => name)

async function flip(name: string, storage = repository.storage) {
  const data = await storage.get(name)
  data[Math.floor(data.length / 2)]! ^= 1
  await storage.put(name, data)
}

async function expectGood(one = repository, backups = expected) {
  expect((await checkRepository(one, { readData: true })).problems).toEqual([])
  expect(Object.fromEntries(await readSampleBackups(one))).toEqual(backups)
}

async function everything(storage: Storage) {
  const found = new Map<string, string>()
  for await (const { name } of storage.list('')) found.set(name, (await storage.get(name)).toString('base64'))
  return found
}

const outcomes = (report: { items: { outcome: string }[] }) =>
  Object.fromEntries(
    Map.groupBy(report.items, ({ outcome }) => outcome)
      .entries()
      .map(([key, all]) => [key, all.length]),
  )

test('packs that are damaged, cut and missing, a manifest and an index object come back, byte for byte', async () => {
  const before = await everything(repository.storage)
  const [damaged = '', cut = '', missing = ''] = await packs()
  await flip(packObjectName(damaged))
  const whole = await repository.storage.get(packObjectName(cut))
  await repository.storage.put(packObjectName(cut), whole.subarray(0, 700))
  await repository.storage.delete(packObjectName(missing))
  const [id = ''] = Object.keys(expected)
  await flip(manifestName(id))
  await flip(configName)

  const dry = await repairRepository(repository, [copy], { dryRun: true })
  expect(dry).toMatchObject({ ok: true, dry_run: true })
  expect(await repository.storage.stat(packObjectName(missing))).toBe(null)

  const report = await repairRepository(repository, [copy])
  expect(report.ok).toBe(true)
  expect(outcomes(report)).toEqual({ replaced: 5 })
  expect(outcomes(dry)).toEqual(outcomes(report))
  expect(report.items.every(({ from }) => from === copy.location)).toBe(true)
  const after = await everything(repository.storage)
  for (const [name, data] of before) expect([name, after.get(name)]).toEqual([name, data])
  await expectGood()
  expect(await repairRepository(repository, [copy])).toMatchObject({ ok: true, items: [], bytes: 0 })
})

test('every pack damaged: all of them come back', async () => {
  for (const pack of await packs()) await flip(packObjectName(pack))
  const report = await repairRepository(repository, [copy])
  expect(outcomes(report)).toEqual({ replaced: (await packs()).length })
  await expectGood()
})

test('a damaged index object is made again without any copy', async () => {
  for await (const { name } of repository.storage.list(prefixes.index)) await flip(name)
  expect((await checkRepository(repository)).ok).toBe(false)
  const report = await repairRepository(repository, [])
  expect(outcomes(report)).toEqual({ rebuilt: 2 })
  await expectGood()
})

test('from a copy with packs of its own: the chunks are put into new packs, the bad ones set aside and pruned', async () => {
  const other = await openSampleRepository(copy)
  const [first = '', second = ''] = Object.keys(expected)
  await forgetBackup(other, first)
  await prune(other, { graceMs: 0, repackUnusedShare: 0.01 })
  const own = await packs(other)
  const common = (await packs()).filter((pack) => own.includes(pack))
  const [bad = ''] = (await packs()).filter((pack) => !common.includes(pack))
  await forgetBackup(repository, first)
  for (const pack of await packs()) if (!common.includes(pack)) await flip(packObjectName(pack))
  const report = await repairRepository(repository, [copy])
  expect(report.ok).toBe(true)
  expect(outcomes(report).rebuilt).toBeGreaterThan(0)
  const backups = { [second]: expected[second] as Record<string, Buffer> }
  await expectGood(repository, backups)
  await prune(repository, { graceMs: 0 })
  expect(await repository.storage.stat(packObjectName(bad))).toBe(null)
  await expectGood(repository, backups)
})

test('without a copy what is good of a damaged pack is kept, what is lost is said with its backups', async () => {
  const all = await packs()
  for (const pack of all.slice(0, 1)) await flip(packObjectName(pack))
  const before = await everything(repository.storage)
  const report = await repairRepository(repository, [])
  expect(report.ok).toBe(false)
  const [lost] = report.items.filter(({ outcome }) => outcome === 'lost')
  expect(lost?.backups.length).toBeGreaterThan(0)
  // Nothing that was there has gone or changed.
  const after = await everything(repository.storage)
  for (const [name, data] of before) expect([name, after.get(name)]).toEqual([name, data])
  expect((await repairRepository(repository, [copy])).ok).toBe(true)
  await expectGood()
})

test('a damaged copy gives nothing: what does not authenticate is not taken', async () => {
  const [pack = ''] = await packs()
  await flip(packObjectName(pack))
  await flip(packObjectName(pack), copy)
  const report = await repairRepository(repository, [copy])
  expect(report.ok).toBe(false)
  const second = createMemoryStorage()
  for await (const { name } of copy.list('')) await second.put(name, await copy.get(name))
  const good = await repository.storage.get(packObjectName(pack))
  good[Math.floor(good.length / 2)]! ^= 1
  await second.put(packObjectName(pack), good)
  expect((await repairRepository(repository, [copy, second])).ok).toBe(true)
  await expectGood()
})

test('another repository is no copy, and one that is not there says so', async () => {
  const other = await initSampleRepository(createMemoryStorage())
  await expect(repairRepository(repository, [other.storage])).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  await expect(repairRepository(repository, [createMemoryStorage()])).rejects.toMatchObject({
    code: 'NOT_A_REPOSITORY',
  })
})

test('broken off at any operation it makes nothing worse, and the next run ends it', async () => {
  const [damaged = '', missing = '', rebuilt = ''] = await packs()
  await flip(packObjectName(damaged))
  await repository.storage.delete(packObjectName(missing))
  await flip(packObjectName(rebuilt))
  const full = createMemoryStorage()
  for await (const { name } of copy.list('')) await full.put(name, await copy.get(name))
  await copy.delete(packObjectName(rebuilt))
  const [id = ''] = Object.keys(expected)
  await flip(manifestName(id))
  const broken = await everything(repository.storage)
  const packsThere = await packs()
  const fill = async (storage: Storage) => {
    for (const [name, data] of broken) await storage.put(name, Buffer.from(data, 'base64'))
  }
  let met = 0
  for (const moment of ['before', 'after', 'half-way'] as const)
    for (let operation = 1; ; operation += 3) {
      const storage = createMemoryStorage()
      await fill(storage)
      const faulty = createFaultyStorage(storage, { operation, moment, stop: true })
      await repairRepository({ ...repository, storage: faulty }, [copy], { holder: 'one' }).catch(() => {})
      if (!faulty.faultMet) break
      met++
      for (const pack of packsThere) expect(await storage.stat(packObjectName(pack))).not.toBe(null)
      for await (const { name } of storage.list('leases/')) await storage.delete(name)
      expect((await repairRepository({ ...repository, storage }, [copy, full])).ok).toBe(true)
      await expectGood({ ...repository, storage })
    }
  expect(met).toBeGreaterThan(30)
})

test('a dry run says what the run does, whichever pack is missing beside a damaged manifest', async () => {
  const [id = ''] = Object.keys(expected)
  for (const missing of await packs()) {
    await flip(manifestName(id))
    await repository.storage.delete(packObjectName(missing))
    const dry = await repairRepository(repository, [copy], { dryRun: true })
    const report = await repairRepository(repository, [copy])
    expect(report.items.map(({ object }) => object)).toEqual([manifestName(id), packObjectName(missing)])
    expect(dry.items).toEqual(report.items)
  }
  await expectGood()
})

/** A pack of a table's rows: nothing in it is a list of chunks, which the commit of a backup that shares it reads. */
async function packOfRows(name: string): Promise<string> {
  const index = await loadChunkIndex(repository)
  for await (const { manifest } of listManifests(repository))
    for await (const table of createChunkReader(repository, index).readJsonLines(manifest!.streams.tables, tableSchema))
      if (table.name === name && Array.isArray(table.segments))
        return index.find(table.segments[0]?.chunks[0] ?? '')?.pack ?? ''
  return ''
}

test('a backup that is completed beside a repair is not called lost', async () => {
  await flip(packObjectName(await packOfRows('shared')))
  const { storage } = repository
  let added = ''
  const beside = wrapStorage(storage, {
    async get(name, options) {
      // Packs are read when the index has been.
      if (name.startsWith(prefixes.packs) && added === '') {
        added = 'begun'
        // Some of it is in the damaged pack.
        const tables = { shared: Object.values(expected)[0]!.shared!, own: sampleRows(2_000) }
        added = await addSampleBackup(repository, tables)
        expected[added] = tables
      }
      return storage.get(name, options)
    },
  })
  const report = await repairRepository({ ...repository, storage: beside }, [copy])
  expect(report).toMatchObject({ ok: true })
  expect(outcomes(report)).toEqual({ replaced: 1 })
  await expectGood()
  expect(Object.keys(expected)).toContain(added)
})
