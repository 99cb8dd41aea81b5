import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createMemoryStorage } from '../../packages/core/src/storage/memory.ts'
import type { Storage } from '../../packages/core/src/storage/storage.ts'
import { wrapStorage } from '../../packages/core/src/storage/wrap.ts'

const dayMs = 86_400_000
let cluster: TemporaryCluster
let folder: string
let engine: BackupEngine
let storageOffset = 0
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

/** A storage whose clock goes wrong when it is told to. */
function storageWithClock(): Storage {
  const storage = createMemoryStorage()
  const offsets = new Map<string, number>()
  const stamped = <T extends { name: string; modifiedAt: Date }>(found: T): T => {
    const offset = offsets.get(found.name) ?? storageOffset
    offsets.set(found.name, offset)
    return { ...found, modifiedAt: new Date(found.modifiedAt.getTime() + offset) }
  }
  return wrapStorage(storage, {
    async put(name, data, options) {
      const written = await storage.put(name, data, options)
      if (written) offsets.set(name, storageOffset)
      return written
    },
    async stat(name, options) {
      const found = await storage.stat(name, options)
      return found && stamped(found)
    },
    async *list(prefix, options) {
      for await (const found of storage.list(prefix, options)) yield stamped(found)
    },
  })
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-clocks-'))
  storageOffset = 0
  await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE orders AS SELECT generate_series(1, 10) AS id')
  engine = createBackupEngine({
    ...{ database: cluster.url('shop'), repository: storageWithClock(), encryption: 'none', catalog: ':memory:' },
  })
  await engine.repository.init()
})
afterEach(async () => {
  vi.useRealTimers()
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The host's clock, so many days ahead. */
async function ahead<T>(days: number, work: () => Promise<T>): Promise<T> {
  const real = Date.now()
  vi.useFakeTimers({ toFake: ['Date'], now: real + days * dayMs, shouldAdvanceTime: false })
  try {
    return await work()
  } finally {
    vi.useRealTimers()
  }
}

const gone = async (policy: object) =>
  (await engine.retention.preview(policy)).decisions.filter(({ keep }) => !keep).map(({ number }) => number)

test('one backup made under a clock a year ahead is never newest, and the good ones after it stay', async () => {
  await ahead(365, () => engine.backups.create())
  expect((await engine.status()).level).toBe('warning')
  const next = await engine.backups.create()
  expect((await engine.backups.get('latest')).id).toBe(next.id)
  expect((await engine.backups.list()).backups.map(({ number }) => number)).toEqual([2, 1])
  expect(await gone({ maxBackups: 1 })).toEqual([1])
  expect((await engine.status()).last_backup?.id).toBe(next.id)
  // And a year later nothing is fresh because of it.
  await ahead(300, async () => expect((await engine.status()).level).toBe('failed'))
})

test('under a clock 60 days ahead retention forgets nothing, by age or by count', async () => {
  for (let n = 0; n < 5; n++) await engine.backups.create()
  await ahead(60, async () => {
    await engine.backups.create()
    expect(await gone({ retentionDays: 30 })).toEqual([])
  })
  // The storage's clock too: then it is more than half at once.
  storageOffset = 60 * dayMs
  await ahead(60, async () => {
    await engine.backups.create()
    expect(await gone({ retentionDays: 30, maxBackups: 0 })).toEqual([])
  })
})

test('retention that would remove more than half is refused by name and number, and does it where the number is named', async () => {
  for (let n = 0; n < 6; n++) await engine.backups.create()
  const preview = (yesRemove?: number) => engine.retention.preview({ maxBackups: 2, yesRemove })
  const refused = await preview()
  expect(refused.decisions.every(({ keep }) => keep)).toBe(true)
  expect(refused).toMatchObject({ wouldRemove: 4, refusals: [{ reason: 'refused_half', count: 4, database: 'shop' }] })
  await expect(preview(3)).rejects.toMatchObject({ code: 'RETENTION_REFUSED' })
  expect((await preview(4)).decisions.filter(({ keep }) => !keep)).toHaveLength(4)
})

test('a host whose clock went back is not told that an old backup is fresh', async () => {
  await engine.backups.create()
  storageOffset = -40 * dayMs
  await ahead(-40, async () => expect((await engine.status()).level).not.toBe('ok'))
})
