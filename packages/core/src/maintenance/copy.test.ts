import { beforeEach, expect, test } from 'vitest'
import { EngineError } from '../errors.ts'
import { listPins, setPin } from '../repository/documents/pins.ts'
import { listPacks } from '../repository/index/load-index.ts'
import { writeMark } from '../repository/index/marks.ts'
import { packObjectName, prefixes } from '../repository/layout.ts'
import type { Repository } from '../repository/repository.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { withStatistics } from '../storage/statistics.ts'
import type { Storage } from '../storage/storage.ts'
import { wrapStorage } from '../storage/wrap.ts'
import { createFaultyStorage } from '../testing/faulty-storage.ts'
import { createTimedStorage } from '../testing/timed-storage.ts'
import { checkRepository } from './check.ts'
import { copyRepository } from './copy.ts'
import { forgetBackup } from './forget.ts'
import { prune } from './prune.ts'
import {
  addSampleBackup,
  initSampleRepository,
  openSampleRepository,
  readSampleBackups,
  sampleRows,
} from './sample-backups.ts'

let source: Repository
let expected: Record<string, Record<string, Buffer>>
beforeEach(async () => {
  source = await initSampleRepository(createMemoryStorage())
  expected = {}
  const shared = sampleRows(4_000)
  for (const size of [3_000, 5_000]) {
    const tables = { shared, own: sampleRows(size) }
    expected[await addSampleBackup(source, tables)] = tables
  }
})

async function expectCopy(storage: Storage, backups = expected) {
  const copy = await openSampleRepository(storage)
  expect((await checkRepository(copy, { readData: true })).problems).toEqual([])
  expect(Object.fromEntries(await readSampleBackups(copy))).toEqual(backups)
}
async function objects(storage: Storage, prefix: string) {
  const found = new Map<string, string>()
  for await (const { name } of storage.list(prefix)) found.set(name, (await storage.get(name)).toString('base64'))
  return found
}

test('a copy opens with the same key and holds the same backups, object by object', async () => {
  const storage = createMemoryStorage()
  const [pinned = ''] = Object.keys(expected)
  await setPin(source, pinned, true, { by: 'test' })
  const result = await copyRepository(source, storage)
  expect(result).toMatchObject({ copied: Object.keys(expected), present: 0 })
  expect(result.packs).toBe((await listPacks(source)).size)
  await expectCopy(storage)
  for (const prefix of [prefixes.backups, prefixes.packs, prefixes.keys, prefixes.pins, 'config'])
    expect(await objects(storage, prefix)).toEqual(await objects(source.storage, prefix))
  expect((await listPins({ ...source, storage })).has(pinned)).toBe(true)
})

test('a second run writes nothing; a third takes what is new and leaves what the source forgot', async () => {
  const { storage, statistics } = withStatistics(createMemoryStorage())
  await copyRepository(source, storage)
  const before = statistics.puts
  expect(await copyRepository(source, storage)).toMatchObject({ copied: [], present: 2, packs: 0 })
  expect(statistics.puts).toBe(before)
  const [first = ''] = Object.keys(expected)
  await forgetBackup(source, first)
  const tables = { new: sampleRows(2_000) }
  const id = await addSampleBackup(source, tables)
  expect((await copyRepository(source, storage)).copied).toEqual([id])
  await expectCopy(storage, { ...expected, [id]: tables })
})

test('broken off at any operation of either side it leaves a sound copy, and the next run ends it', async () => {
  let met = 0
  for (const side of ['source', 'target'] as const)
    for (const moment of ['before', 'after', 'half-way'] as const)
      for (let operation = 1; ; operation += 5) {
        const storage = createMemoryStorage()
        const faulty = createFaultyStorage(side === 'source' ? source.storage : storage, {
          operation,
          moment,
          stop: true,
        })
        const from = side === 'source' ? { ...source, storage: faulty } : source
        const failed = await copyRepository(from, side === 'target' ? faulty : storage).then(
          () => false,
          () => true,
        )
        if (!faulty.faultMet) break
        met++
        const hasConfig = (await storage.stat('config')) !== null
        if (failed && hasConfig) {
          const copy = await openSampleRepository(storage)
          for (const [id, tables] of await readSampleBackups(copy)) expect(tables).toEqual(expected[id])
        }
        await copyRepository(source, storage)
        await expectCopy(storage)
      }
  expect(met).toBeGreaterThan(40)
})

test('damage does not travel', async () => {
  const [pack = ''] = [...(await listPacks(source)).keys()]
  const data = await source.storage.get(packObjectName(pack))
  data[200]! ^= 1
  await source.storage.put(packObjectName(pack), data)
  const storage = createMemoryStorage()
  await expect(copyRepository(source, storage)).rejects.toMatchObject({ code: 'REPOSITORY_DAMAGED' })
  expect(await storage.stat(packObjectName(pack))).toBe(null)
  const copy = await openSampleRepository(storage)
  for (const [id, tables] of await readSampleBackups(copy)) expect(tables).toEqual(expected[id])
})

test('another repository is left alone', async () => {
  const other = await initSampleRepository(createMemoryStorage())
  const id = await addSampleBackup(other, { a: sampleRows(1_000) })
  const before = await objects(other.storage, '')
  await expect(copyRepository(source, other.storage)).rejects.toMatchObject({ code: 'REPOSITORY_EXISTS' })
  await other.storage.delete('config')
  await expect(copyRepository(source, other.storage)).rejects.toMatchObject({ code: 'REPOSITORY_EXISTS' })
  before.delete('config')
  expect(await objects(other.storage, '')).toEqual(before)
  expect(before.has(`backups/${id}`)).toBe(true)
})

test('what a prune of the copy marks at this moment is not built upon', async () => {
  const inner = createMemoryStorage()
  await copyRepository(source, inner, { only: new Set() })
  const copy = await openSampleRepository(inner)
  let mark: { name: string } | undefined
  const storage = wrapStorage(inner, {
    async put(name, data, options) {
      if (name.startsWith(prefixes.backups) && !mark)
        mark = await writeMark(copy, [...(await listPacks(copy)).keys()].slice(0, 1))
      return inner.put(name, data, options)
    },
  })
  const [first = '', second = ''] = Object.keys(expected)
  await expect(copyRepository(source, storage)).rejects.toMatchObject({ code: 'CHUNK_MARKED' })
  expect(await inner.stat(`backups/${first}`)).toBe(null)
  expect(await inner.stat(`backups/${second}`)).not.toBe(null)
  // While the mark is there, under another name.
  await copyRepository(source, storage)
  await expectCopy(inner)
})

test('a manifest that another process copies at the same time is not taken away again', async () => {
  const inner = createMemoryStorage()
  const [first = ''] = Object.keys(expected)
  let copiedElsewhere = false
  let reads = 0
  const storage = wrapStorage(inner, {
    async put(name, data, options) {
      if (name === `backups/${first}` && !copiedElsewhere) {
        copiedElsewhere = true
        await copyRepository(source, inner, { only: new Set([first]) })
      }
      return inner.put(name, data, options)
    },
    async get(name, options) {
      if (copiedElsewhere && name === `backups/${first}` && ++reads === 2)
        throw new EngineError('STORAGE_FAILED', 'The network is away for a moment.')
      return inner.get(name, options)
    },
  })
  await expect(copyRepository(source, storage)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  expect(await inner.stat(`backups/${first}`)).not.toBe(null)
  await copyRepository(source, inner)
  await expectCopy(inner)
})

test('a copy whose own retention let packs go takes new backups that share chunks with them', async () => {
  const storage = createTimedStorage()
  await copyRepository(source, storage)
  const copy = await openSampleRepository(storage)
  const [first = '', second = ''] = Object.keys(expected)
  await forgetBackup(copy, first)
  const hours = 27 * 3_600_000
  const pruneCopy = async () => {
    storage.advance(hours)
    return prune(copy)
  }
  expect((await pruneCopy()).packsMarked).toBeGreaterThan(0)
  // The source still has what its first backup holds, and the next one shares rows with both.
  const tables = { ...expected[first], ...{ more: expected[second]?.own ?? Buffer.alloc(0) } }
  const marked = await addSampleBackup(source, tables)
  await copyRepository(source, storage, { only: new Set([marked]) })
  expect((await pruneCopy()).packsDeleted).toBeGreaterThan(0)
  const deleted = await addSampleBackup(source, tables)
  await copyRepository(source, storage, { only: new Set([deleted]) })
  await pruneCopy()
  await pruneCopy()
  await expectCopy(storage, { [second]: expected[second]!, [marked]: tables, [deleted]: tables })
})

test('a backup that is completed while a copy begins is copied with it, or by the next', async () => {
  const { storage } = source
  const list = storage.list
  let added = ''
  const beside = wrapStorage(storage, {
    async *list(prefix, options) {
      if (prefix === prefixes.backups && added === '') {
        const tables = { own: sampleRows(2_000) }
        added = await addSampleBackup(source, tables)
        expected[added] = tables
      }
      yield* list.call(storage, prefix, options)
    },
  })
  const target = createMemoryStorage()
  await copyRepository({ ...source, storage: beside }, target)
  await copyRepository(source, target)
  expect(added).not.toBe('')
  await expectCopy(target)
})
