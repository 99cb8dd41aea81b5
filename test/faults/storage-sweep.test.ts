import { createBackupEngine, type EngineOptions, isEngineError } from '@lifeboat/core'
import {
  createFaultyStorage,
  createMemoryStorage,
  type FaultPlan,
  type Storage,
  startTemporaryCluster,
  type TemporaryCluster,
} from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { fewer } from '../runner/counts.ts'

/**
 * Operation N = 1, 2, ... of the storage fails, in each way, until a run meets no fault. The ordinary run takes every
 * twelfth N, beginning at another one for each way; `npm run test:long` and `FAULT_STEP=1` take them all.
 */
const step = Number(process.env.FAULT_STEP ?? fewer(12, 1))

let cluster: TemporaryCluster
let base: Storage

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('app')
  await cluster.sql(
    'app',
    `CREATE TABLE a (id int PRIMARY KEY, pad text); INSERT INTO a SELECT i, md5(i::text) FROM generate_series(1, 3000) i; SELECT lo_from_bytea(5000, 'large')`,
  )
  base = createMemoryStorage()
  const engine = engineOn(base)
  await engine.repository.init()
  await engine.backups.create({ name: 'one' })
  await cluster.sql('app', `UPDATE a SET pad = md5(pad); CREATE TABLE b AS SELECT * FROM a`)
})
afterAll(() => cluster?.stop())

const engineOn = (storage: Storage, more: Partial<EngineOptions> = {}) =>
  createBackupEngine({
    database: cluster.url('app'),
    repository: storage,
    encryption: { rawKey: '01'.repeat(32) },
    appName: 'sweep',
    ...more,
  })

async function copyOf(storage: Storage): Promise<Storage> {
  const copy = createMemoryStorage()
  for await (const { name } of storage.list('')) await copy.put(name, await storage.get(name))
  return copy
}

const moments = ['before', 'after', 'half-way'] as const

describe.each(moments)('every storage operation failing %s', (moment) => {
  test('backup: good, or failed and invisible; the next one succeeds', { timeout: 900_000 }, async () => {
    let failed = 0
    const operations = await sweep(async (plan) => {
      const storage = await copyOf(base)
      const faulty = createFaultyStorage(storage, plan)
      const outcome = await attempt(engineOn(faulty).backups.create({ name: 'two' }))
      if (outcome === 'failed') failed++
      await expectHealthy(storage, outcome === 'done' ? 2 : 1)
      if (outcome === 'failed') {
        await engineOn(storage).backups.create({ name: 'again' })
        await expectHealthy(storage, 2)
      }
      return faulty.faultMet
    }, moment)
    expect(operations).toBeGreaterThan(40 / (step * 4))
    process.stderr.write(`backup, ${moment}: ${operations} faults, ${failed} backups failed\n`)
  })

  test('prune: nothing that a backup needs is lost', { timeout: 900_000 }, async () => {
    const two = await copyOf(base)
    await engineOn(two).backups.create({ name: 'two' })
    // Its rows were rewritten, so an alarm holds it.
    await engineOn(two).backups.pin('1', { pinned: false })
    await engineOn(two).backups.delete('1')
    let failed = 0
    const operations = await sweep(async (plan) => {
      const storage = await copyOf(two)
      const faulty = createFaultyStorage(storage, plan)
      // Marks, then deletes: both phases in one sweep.
      const prune = async (of: Storage) => {
        await engineOn(of).maintenance.prune({ graceMs: 0 })
        await engineOn(of).maintenance.prune({ graceMs: 0 })
      }
      if ((await attempt(hurried(() => prune(faulty)))) === 'failed') failed++
      await expectHealthy(storage, 1)
      // A fault may have left a lease that has to run out first.
      await hurried(() => prune(storage))
      await expectHealthy(storage, 1)
      return faulty.faultMet
    }, moment)
    expect(operations).toBeGreaterThan(40 / (step * 4))
    process.stderr.write(`prune, ${moment}: ${operations} faults, ${failed} prunes failed\n`)
  })
})

test('restore: a fault in any storage operation leaves the live database as it was', { timeout: 900_000 }, async () => {
  const live = () =>
    cluster.sql('app', `SELECT md5(string_agg(pad, '' ORDER BY id)) AS a, to_regclass('b')::text AS b FROM a`)
  const before = await live()
  const operations = await sweep(async (plan) => {
    const storage = await copyOf(base)
    const faulty = createFaultyStorage(storage, plan)
    const outcome = await attempt(engineOn(faulty).restores.run('1', { strategy: 'swap', confirm: true }))
    if (outcome === 'failed') {
      expect(await live()).toEqual(before)
      const names = await cluster.sql<{ datname: string }>(
        'postgres',
        `SELECT datname FROM pg_database WHERE datname LIKE 'lifeboat%' OR datname LIKE 'app\\_%'`,
      )
      expect(names).toEqual([])
    } else {
      expect(await live()).not.toEqual(before)
      await engineOn(storage).restores.undo('latest')
      expect(await live()).toEqual(before)
      await engineOn(storage).restores.discard('latest')
    }
    return faulty.faultMet
  }, 'before')
  expect(operations).toBeGreaterThan(4 / step)
  process.stderr.write(`restore: ${operations} faults\n`)
})

async function sweep(run: (plan: FaultPlan) => Promise<boolean>, moment: FaultPlan['moment']): Promise<number> {
  const first = 1 + ((7 * moments.indexOf(moment ?? 'before')) % step)
  let faults = 0
  for (let operation = first; ; operation += step) {
    if (!(await run({ operation, moment }))) return faults
    faults++
  }
}

/** What speaks to a storage alone, in time that passes as fast as the machine can: half a minute of a lease in a moment. */
async function hurried<T>(work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
  try {
    let ended = false
    const end = () => {
      ended = true
    }
    const working = work()
    working.then(end, end)
    while (!ended) await vi.advanceTimersByTimeAsync(100)
    return await working
  } finally {
    vi.useRealTimers()
  }
}

async function attempt(work: Promise<unknown>): Promise<'done' | 'failed'> {
  try {
    await work
    return 'done'
  } catch (error) {
    if (!isEngineError(error)) throw error
    return 'failed'
  }
}

async function expectHealthy(storage: Storage, count: number): Promise<void> {
  const engine = engineOn(storage)
  const { backups, damaged } = await engine.backups.list()
  expect(damaged).toEqual([])
  expect(backups).toHaveLength(count)
  for (const { id } of backups)
    expect(await engine.backups.verify(id, { levels: ['checksums'] })).toMatchObject({ ok: true })
  expect((await engine.maintenance.check({ readData: true })).problems).toEqual([])
}
