import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { acknowledged, openCatalog, startWriter, written } from './writers.ts'

vi.setConfig({ testTimeout: 180_000 })

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-catalog-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

let databases = 0
const by = { by: 'u1' }

/** An application's database, whose catalog lies in it, and engines for it as of so many processes. */
async function newShop(engines: number, options: Partial<EngineOptions> = {}) {
  const database = `shop_${++databases}`
  const url = await cluster.createDatabase(database)
  await cluster.sql(
    database,
    'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 1000)',
  )
  const all = Array.from({ length: engines }, () =>
    createBackupEngine({
      database: url,
      repository: join(folder, database),
      encryption: 'none',
      catalog: 'schema:lifeboat',
      ...options,
    }),
  )
  const [engine] = all as [BackupEngine, ...BackupEngine[]]
  await engine.repository.init()
  return {
    ...{ database, url, engine, engines: all },
    orders: async (name = database) =>
      (await cluster.sql<{ n: number }>(name, 'SELECT count(*)::int AS n FROM orders'))[0]?.n,
    stop: () => Promise.all(all.map((one) => one.stop())),
  }
}

async function ended({ operations }: BackupEngine, taskId: string) {
  for (;;) {
    const task = await operations.tasks.get(taskId)
    if (task && task.status !== 'queued' && task.status !== 'running') return task
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('two replicas and other writers through swap and undo: nothing is lost or doubled, and the history is complete', async () => {
  const { database, url, engine, engines, orders, stop } = await newShop(2)
  for (const one of engines) await one.start()
  const { operations } = engine
  const backup = await operations.backups.create({ ...by, name: 'whole' })
  expect((await ended(engine, backup.task_id)).status).toBe('succeeded')
  await cluster.sql(database, 'DELETE FROM orders WHERE id > 10')

  const catalogs = await Promise.all([openCatalog(url), openCatalog(url), openCatalog(url)])
  // Apart from the engines' own jobs, which share the tables with theirs.
  const own = await openCatalog(url, { schema: 'other_app' })
  const writers = [startWriter(own), startWriter(own)]
  const others = catalogs.map(async (catalog, index) => {
    for (let n = 0; n < 300; n++) {
      await catalog.configuration.write({ [`.test_${index}`]: n }, { by: 'test', at: new Date().toISOString() })
      expect((await catalog.configuration.read())[`.test_${index}`]).toBe(n)
    }
  })

  for (const [action, expected] of [
    ['restore', 1000],
    ['undo', 10],
    ['restore', 1000],
  ] as const) {
    const before = await operations.restores.list()
    const asked =
      action === 'restore'
        ? await operations.restores.run('latest', { ...by, confirm: true, safetyBackup: false })
        : await operations.restores.undo(before[0]?.id ?? '', by)
    const task = await ended(engine, asked.task_id)
    expect(task.error).toBeNull()
    expect(task.status).toBe('succeeded')
    expect(await orders()).toBe(expected)
    const record = await operations.restores.get(asked.id)
    expect(record.status).toBe(action === 'restore' ? 'succeeded' : 'undone')
    // Its own log, from before the swap to after it.
    const lines = await operations.tasks.logs(asked.task_id, 0, 1000)
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1))
    expect(lines.map(({ message }) => message).join('\n')).toMatch(
      /Took the catalog in schema "lifeboat" along[\s\S]*Took the catalog in schema "other_app" along/,
    )
  }
  // There and back by the library, which writes no records.
  await engine.restores.undo('latest')
  expect(await orders()).toBe(10)
  await engine.restores.undo('latest')
  expect(await orders()).toBe(1000)

  await Promise.all(others)
  await Promise.all(writers.map((writer) => writer.stop()))
  expect(writers.flatMap(({ failed }) => failed)).toEqual([])
  expect(await written(own)).toEqual(acknowledged(writers))
  expect(writers.every(({ events }) => events.length > 20)).toBe(true)
  // Each of both engines has beaten since the last swap, or will at its next sweep; none was doubled.
  const seen = await catalogs[0]?.workers.list()
  expect(new Set(seen?.map(({ id }) => id)).size).toBe(seen?.length)
  expect(seen?.length).toBe(2)
  // And retention after the backup.
  const kinds = (await operations.tasks.list({ limit: 100 })).map(({ kind }) => kind).sort()
  expect(kinds).toEqual(['backup', 'forget', 'restore', 'restore', 'undo'])
  const statuses = (await operations.tasks.list({ limit: 100 })).map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set(['succeeded']))

  // Discard drops a kept database with what it has of the catalog; the live one's is untouched.
  const [restore] = await operations.restores.list()
  expect((await ended(engine, (await operations.restores.discard(restore?.id ?? '', by)).task_id)).status).toBe(
    'succeeded',
  )
  expect((await operations.restores.list()).map(({ status }) => status)).toEqual(['confirmed', 'undone'])
  await Promise.all([...catalogs, own].map((catalog) => catalog.close()))
  await stop()
})
