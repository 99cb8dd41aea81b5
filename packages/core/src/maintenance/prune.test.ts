import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { listPacks, loadChunkIndex } from '../repository/index/load-index.ts'
import { listMarks } from '../repository/index/marks.ts'
import { packObjectName } from '../repository/layout.ts'
import { acquireLease } from '../repository/leases/lease.ts'
import type { Repository } from '../repository/repository.ts'
import { startStopwatch } from '../testing/stopwatch.ts'
import { createTimedStorage, type TimedStorage } from '../testing/timed-storage.ts'
import { checkRepository } from './check.ts'
import { forgetBackup } from './forget.ts'
import { prune } from './prune.ts'
import {
  addSampleBackup,
  beginSampleBackup,
  initSampleRepository,
  readSampleBackups,
  sampleRows,
} from './sample-backups.ts'

const hour = 3_600_000
const day = 24 * hour
let storage: TimedStorage
let repository: Repository
beforeEach(async () => {
  storage = createTimedStorage()
  repository = await initSampleRepository(storage)
})
afterEach(() => {
  vi.useRealTimers()
})
/** Where a lease is waited for: in time that passes as fast as the machine can, and loses no lease by standing still. */
const time = { toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] } satisfies Parameters<
  typeof vi.useFakeTimers
>[0]
async function hurried<T>(work: () => Promise<T>): Promise<T> {
  let ended = false
  const end = () => {
    ended = true
  }
  const working = work()
  working.then(end, end)
  while (!ended) await vi.advanceTimersByTimeAsync(100)
  return working
}
const small = { packBytes: 2_000 }
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? String(error),
  )
async function storedBytes() {
  return [...(await listPacks(repository)).values()].reduce((sum, bytes) => sum + bytes, 0)
}
async function expectGood(backups: Record<string, Record<string, Buffer>>) {
  expect((await checkRepository(repository, { readData: true })).problems).toEqual([])
  expect(Object.fromEntries(await readSampleBackups(repository))).toEqual(backups)
}

describe('space comes back', () => {
  test('an empty repository, and one in which all is needed, are left alone', async () => {
    expect(await prune(repository, small)).toMatchObject({ packsMarked: 0, packsDeleted: 0 })
    const tables = { a: sampleRows(10_000) }
    const id = await addSampleBackup(repository, tables)
    storage.advance(30 * day)
    expect(await prune(repository, small)).toMatchObject({ packsMarked: 0, packsDeleted: 0, bytesCopied: 0 })
    await expectGood({ [id]: tables })
  })

  test('of a forgotten backup: marked, then deleted when a day and more has passed', async () => {
    const kept = { a: sampleRows(10_000) }
    const id = await addSampleBackup(repository, kept)
    const before = await storedBytes()
    storage.advance(5 * day)
    const gone = await addSampleBackup(repository, { b: sampleRows(20_000) })
    storage.advance(5 * day)
    await forgetBackup(repository, gone)

    const first = await prune(repository, small)
    expect(first.packsMarked).toBeGreaterThan(5)
    expect(first.packsDeleted).toBe(0)
    expect(first.bytesWaiting).toBeGreaterThan(20_000)
    storage.advance(25 * hour)
    expect(await prune(repository, small)).toMatchObject({ packsMarked: 0, packsDeleted: 0 })
    storage.advance(2 * hour)
    const last = await prune(repository, small)
    expect(last).toMatchObject({ packsMarked: 0, packsDeleted: first.packsMarked, bytesFreed: first.bytesWaiting })
    expect(await storedBytes()).toBe(before)
    await expectGood({ [id]: kept })
    storage.advance(10 * day)
    await prune(repository, small)
    expect(await listMarks(repository)).toEqual([])
  })

  test('of a pack that is partly used: what is needed is copied', async () => {
    const shared = sampleRows(700)
    const first = await addSampleBackup(repository, {
      a: Buffer.concat([shared, sampleRows(1_000)]),
      b: sampleRows(9_000),
    })
    const tables = { a: shared }
    const second = await addSampleBackup(repository, tables)
    await forgetBackup(repository, first)
    storage.advance(2 * day)
    const marked = await prune(repository, { ...small, repackUnusedShare: 0.1 })
    expect(marked.bytesCopied).toBeGreaterThan(0)
    await expectGood({ [second]: tables })
    storage.advance(2 * day)
    await prune(repository, small)
    await expectGood({ [second]: tables })
    expect((await prune(repository, { ...small, dryRun: true })).plan.kept.unusedBytes).toBe(0)
  })

  test('of a backup that died before its commit, but only once it cannot be running any more', async () => {
    const backup = await beginSampleBackup(repository)
    await backup.write({ a: sampleRows(10_000) })
    storage.advance(25 * hour)
    expect(await prune(repository, small)).toMatchObject({ packsMarked: 0 })
    storage.advance(2 * hour)
    expect((await prune(repository, small)).packsMarked).toBeGreaterThan(3)
    storage.advance(27 * hour)
    await prune(repository, small)
    expect(await storedBytes()).toBe(0)
    expect(await codeOf(backup.commit())).toMatch(/CHUNK_(MARKED|MISSING)/)
    await expectGood({})
  })

  test('at once where no backup holds a lease, and not at all where one does', async () => {
    const gone = await addSampleBackup(repository, { a: sampleRows(10_000) })
    const kept = { b: sampleRows(5_000) }
    const id = await addSampleBackup(repository, kept)
    await forgetBackup(repository, gone)
    vi.useFakeTimers(time)
    const running = await acquireLease(repository, { name: 'backup-shop', holder: 'a backup' })
    expect(await codeOf(hurried(() => prune(repository, { ...small, graceMs: 0 })))).toBe('LEASE_HELD')
    await expectGood({ [id]: kept })
    await running.release()
    expect((await prune(repository, { ...small, graceMs: 0 })).bytesFreed).toBeGreaterThan(10_000)
    await expectGood({ [id]: kept })
  })

  test('many small index objects are put together', async () => {
    const backups: Record<string, Record<string, Buffer>> = {}
    for (let n = 0; n < 70; n++) {
      const tables = { a: sampleRows(100) }
      backups[await addSampleBackup(repository, tables)] = tables
    }
    const [first] = Object.keys(backups) as [string]
    await forgetBackup(repository, first)
    delete backups[first]
    await prune(repository, { ...small, graceMs: 0, repackUnusedShare: 1 })
    expect((await loadChunkIndex(repository)).objects).toHaveLength(1)
    await expectGood(backups)
  })
})

describe('nothing that is needed goes', () => {
  test('a manifest that cannot be read stops it', async () => {
    const gone = await addSampleBackup(repository, { a: sampleRows(10_000) })
    const damaged = await addSampleBackup(repository, { b: sampleRows(10_000) })
    await forgetBackup(repository, gone)
    storage.advance(2 * day)
    const name = `backups/${damaged}`
    const whole = await storage.get(name)
    const before = await storedBytes()
    for (const data of [whole.subarray(0, 50), Buffer.alloc(0), Buffer.concat([whole, Buffer.from('x')])]) {
      await storage.put(name, data)
      expect(await codeOf(prune(repository, small))).toBe('REPOSITORY_DAMAGED')
      expect(await codeOf(prune(repository, { ...small, dryRun: true }))).toBe('REPOSITORY_DAMAGED')
    }
    expect(await storedBytes()).toBe(before)
    expect(await listMarks(repository)).toEqual([])
  })

  test('so does a list of chunks that cannot be read, a needed pack that is gone or cut, and a damaged index', async () => {
    const tables = { a: sampleRows(10_000) }
    await addSampleBackup(repository, tables)
    const gone = await addSampleBackup(repository, { b: sampleRows(10_000) })
    await forgetBackup(repository, gone)
    storage.advance(2 * day)
    const usages = [...(await listPacks(repository)).keys()]
    let stopped = 0
    for (const pack of usages) {
      const name = packObjectName(pack)
      const whole = await storage.get(name)
      for (const harm of [() => storage.delete(name), () => storage.put(name, whole.subarray(0, 900))]) {
        await harm()
        const code = await codeOf(prune(repository, { ...small, dryRun: true }))
        expect(['no error', 'REPOSITORY_DAMAGED', 'CHUNK_MISSING']).toContain(code)
        const { problems } = await checkRepository(repository)
        const needed = problems.some(({ backups }) => backups.length > 0)
        if (needed) {
          stopped++
          expect(await codeOf(prune(repository, small))).toMatch(/REPOSITORY_DAMAGED|CHUNK_MISSING/)
          expect(await listMarks(repository)).toEqual([])
        }
        await storage.put(name, whole)
      }
    }
    expect(stopped).toBeGreaterThan(8)
    const [object] = (await loadChunkIndex(repository)).objects as [string]
    await storage.put(object, Buffer.from('damaged'))
    expect(await codeOf(prune(repository, small))).toBe('REPOSITORY_DAMAGED')
  })

  test('a marked pack that a backup came to need is copied before it is deleted', async () => {
    const rows = sampleRows(10_000)
    const first = await addSampleBackup(repository, { a: rows })
    await forgetBackup(repository, first)
    storage.advance(2 * day)
    // This backup read the index before the prune marked anything, and looked for marks just before they were written.
    const backup = await beginSampleBackup(repository)
    await backup.write({ a: rows })
    expect((await prune(repository, small)).packsMarked).toBeGreaterThan(3)
    await commitUnseeing(backup)
    for (let hours = 0; hours < 60; hours += 20) {
      await prune(repository, small)
      await expectGood({ [backup.id]: { a: rows } })
      storage.advance(20 * hour)
    }
    expect((await prune(repository, { ...small, dryRun: true })).plan).toMatchObject({ delete: [], wait: [] })
  })

  /** Commits a backup as if it had looked for marks, both times, before there were any. */
  async function commitUnseeing(backup: { commit(): Promise<void> }) {
    const marks = new Map<string, Buffer>()
    for await (const { name } of storage.list('marks/')) marks.set(name, await storage.get(name))
    for (const name of marks.keys()) await storage.delete(name)
    await backup.commit()
    for (const [name, data] of marks) await storage.put(name, data)
  }

  test('a dry run writes nothing at all', async () => {
    const gone = await addSampleBackup(repository, { a: sampleRows(10_000) })
    await forgetBackup(repository, gone)
    storage.advance(2 * day)
    const operations: string[] = []
    storage.before = async (operation) => {
      operations.push(operation)
    }
    const { plan, packsMarked } = await prune(repository, { ...small, dryRun: true })
    expect(packsMarked).toBe(plan.mark.length)
    expect(operations.filter((operation) => /^(put|delete)/.test(operation))).toEqual([])
  })

  test('two prunes do not run at a time', async () => {
    vi.useFakeTimers(time)
    const lease = await acquireLease(repository, { name: 'prune', holder: 'another one' })
    expect(await codeOf(hurried(() => prune(repository, small)))).toBe('LEASE_HELD')
    await lease.release()
    await prune(repository, small)
  })

  test('an abort ends it, and the lease is free', async () => {
    await addSampleBackup(repository, { a: sampleRows(1_000) })
    const abort = new AbortController()
    storage.before = async (operation) => {
      if (operation.startsWith('list backups/')) abort.abort()
    }
    expect(await codeOf(prune(repository, { ...small, signal: abort.signal }))).toBe('ABORTED')
    storage.before = undefined
    const stopwatch = startStopwatch()
    await prune(repository, small)
    expect(stopwatch.milliseconds()).toBeLessThan(5000)
  })
})
