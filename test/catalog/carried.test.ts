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

async function ended(engine: BackupEngine, taskId: string) {
  for (;;) {
    const task = await engine.tasks.get(taskId)
    if (task && task.status !== 'queued' && task.status !== 'running') return task
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('two replicas and other writers through swap and undo: nothing is lost or doubled, and the history is complete', async () => {
  const { database, url, engine, engines, orders, stop } = await newShop(2)
  for (const one of engines) await one.start()
  const backup = await engine.tasks.start('backups.create', { name: 'whole' }, { as: { id: by.by, role: 'admin' } })
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
    const before = (await engine.restores.list()).rows
    const asked =
      action === 'restore'
        ? await engine.tasks.start(
            'restores.run',
            { backup: 'latest', safetyBackup: false },
            { as: { id: by.by, role: 'admin' }, confirm: true },
          )
        : await engine.tasks.start(
            'restores.undo',
            { restore: before[0]?.id ?? '' },
            { as: { id: by.by, role: 'admin' } },
          )
    const task = await ended(engine, asked.task_id)
    expect(task.error).toBeNull()
    expect(task.status).toBe('succeeded')
    expect(await orders()).toBe(expected)
    const record = await engine.restores.get(asked.id)
    expect(record.status).toBe(action === 'restore' ? 'succeeded' : 'undone')
    // Its own log, from before the swap to after it.
    const lines = await engine.tasks.logs(asked.task_id)
    expect(lines.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1))
    expect(lines.map(({ message }) => message).join('\n')).toMatch(
      /Took the catalog in schema "lifeboat" along[\s\S]*Took the catalog in schema "other_app" along/,
    )
  }
  // There and back by the library, which waits for what it asks for.
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
  const kinds = (await engine.tasks.list({ pageSize: 100 })).rows.map(({ kind }) => kind).sort()
  expect(kinds).toEqual(['backup', 'forget', 'restore', 'restore', 'undo', 'undo', 'undo'])
  const statuses = (await engine.tasks.list({ pageSize: 100 })).rows.map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set(['succeeded']))

  // Discard drops a kept database with what it has of the catalog; the live one's is untouched.
  const [restore] = (await engine.restores.list()).rows
  expect(
    (
      await ended(
        engine,
        (
          await engine.tasks.start(
            'restores.discard',
            { restore: restore?.id ?? '' },
            { as: { id: by.by, role: 'admin' } },
          )
        ).task_id,
      )
    ).status,
  ).toBe('succeeded')
  expect((await engine.restores.list()).rows.map(({ status }) => status)).toEqual(['succeeded', 'undone'])
  await Promise.all([...catalogs, own].map((catalog) => catalog.close()))
  await stop()
})
