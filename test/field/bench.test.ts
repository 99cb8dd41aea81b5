import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { createMemoryStorage, type Storage } from '@lifeboat/core/storage'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

/** What `bench` measures on a real server, and that it leaves nothing behind. */
let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('shop')
  await cluster.sql(
    'shop',
    `CREATE TYPE mood AS ENUM ('good', 'bad');
     CREATE TABLE "odd ""name" (id int PRIMARY KEY, note text, feels mood, twice int GENERATED ALWAYS AS (id * 2) STORED);
     INSERT INTO "odd ""name" SELECT n, repeat(md5(n::text), 4), 'good' FROM generate_series(1, 20000) AS n;
     CREATE TABLE small AS SELECT 1 AS id; ANALYZE`,
  )
  await cluster.createDatabase('empty')
})
afterAll(() => cluster?.stop())

async function open(options: Partial<EngineOptions> & { repository: Storage }) {
  const engine = createBackupEngine({ database: cluster.url('shop'), encryption: 'none', ...options })
  await engine.repository.init()
  return engine
}

async function objects(storage: Storage): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of storage.list('')) names.push(name)
  return names.filter((name) => !name.startsWith('facts/')).sort()
}

const tables = () => cluster.sql('shop', `SELECT relname FROM pg_class WHERE relname LIKE 'lifeboat%'`)

test('measures with the rows of the largest table, within its bounds, and removes what it wrote', async () => {
  const storage = createMemoryStorage()
  const engine = await open({ repository: storage })
  const before = await objects(storage)
  const found = await engine.bench({ seconds: 2, megabytes: 4 })
  expect(found).toMatchObject({
    source: { table: 'public.odd "name', rows: 20_000, bytes: expect.any(Number) },
    target: { load_bytes_per_second: expect.any(Number), index_bytes_per_second: expect.any(Number) },
    target_problem: null,
    connections: 2,
  })
  expect(found.storage.written_bytes).toBeLessThanOrEqual(4_000_000)
  for (const estimate of [found.backup, found.restore]) {
    expect(estimate?.seconds).toBeGreaterThan(0)
    expect(Number.isFinite(estimate?.seconds)).toBe(true)
    expect(estimate?.advice).toMatch(/\.$/)
  }
  // Rows are estimated until there is a backup, and then known.
  const { logical_bytes } = await engine.backups.create()
  expect(found.row_bytes / logical_bytes).toBeGreaterThan(0.7)
  expect(found.row_bytes / logical_bytes).toBeLessThan(1.3)
  const stored = await objects(storage)
  expect((await engine.bench({ seconds: 1, megabytes: 1 })).row_bytes).toBe(logical_bytes)
  expect(await objects(storage)).toEqual(stored)
  expect(stored).toEqual(expect.arrayContaining(before))
  expect(await tables()).toEqual([])
  await engine.stop()
})

test('names the storage where that is slow, and the throttle where one holds it back', async () => {
  const memory = createMemoryStorage()
  const slow: Storage = {
    ...memory,
    put: async (name, data, options) => {
      if (name.startsWith('probes/')) await new Promise((resolve) => setTimeout(resolve, 3000))
      return memory.put(name, data, options)
    },
  }
  const engine = await open({ repository: slow })
  const found = await engine.bench({ seconds: 1, megabytes: 1 })
  expect(found.backup).toMatchObject({ limit: 'storage', advice: expect.stringContaining('compressionLevel') })
  await engine.stop()
  const throttled = await open({ repository: createMemoryStorage(), throttle: { upload: 1_000_000 } })
  const held = await throttled.bench({ seconds: 1, megabytes: 1 })
  expect(held.backup).toMatchObject({ limit: 'storage', advice: expect.stringContaining('throttle') })
  expect(held.storage.upload_bytes_per_second).toBeLessThanOrEqual(1_000_000)
  await throttled.stop()
})

test('an interruption leaves nothing, neither objects nor tables', async () => {
  const memory = createMemoryStorage()
  const interruption = new AbortController()
  const storage: Storage = {
    ...memory,
    put: async (name, data, options) => {
      const done = await memory.put(name, data, options)
      if (name.startsWith('probes/bench-')) interruption.abort()
      return done
    },
  }
  const engine = await open({ repository: storage })
  const before = await objects(memory)
  await expect(engine.bench({ seconds: 5, signal: interruption.signal })).rejects.toMatchObject({ code: 'ABORTED' })
  expect(interruption.signal.aborted).toBe(true)
  expect(await objects(memory)).toEqual(before)
  expect(await tables()).toEqual([])
  await engine.stop()
})

test('without rows it measures the rest, and says nothing of backups', async () => {
  const engine = await open({ repository: createMemoryStorage(), database: cluster.url('empty') })
  const found = await engine.bench({ seconds: 1, megabytes: 1 })
  expect(found).toMatchObject({ source: null, target: null, backup: null, restore: null })
  expect(found.processor.seal_bytes_per_second).toBeGreaterThan(0)
  await engine.stop()
})
