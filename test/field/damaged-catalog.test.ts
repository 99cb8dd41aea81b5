import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { canMount } from '../../packages/core/src/testing/can-mount.ts'
import { as, authorize, post } from '../http/setting.ts'

/** The catalog is an index: without it everything that the repository knows goes on, and everything else says why not. */
let cluster: TemporaryCluster
let folder: string
const engines: BackupEngine[] = []
const warnings: string[] = []
const note = (warning: Error) => warnings.push(warning.message)
beforeAll(async () => {
  process.on('warning', note)
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-damaged-'))
  await cluster.createDatabase('shop')
  await cluster.createDatabase('bookkeeping')
  await cluster.sql('shop', 'CREATE TABLE t AS SELECT n FROM generate_series(1, 100) AS n')
  const engine = engineWith(join(folder, 'good.sqlite'))
  await engine.repository.init()
  await engine.backups.create()
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop()
  warnings.length = 0
})
afterAll(async () => {
  process.off('warning', note)
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

function engineWith(catalog: string, repository = join(folder, 'backups')): BackupEngine {
  const engine = createBackupEngine({
    ...{ database: cluster.url('shop'), repository, encryption: 'none', catalog },
    resources: { connections: 2 },
  })
  engines.push(engine)
  return engine
}

let restores = 0
/** List, show, verify and restore, in the library and over HTTP; what lies in the catalog alone says what is wrong. */
async function expectToGoOn(engine: BackupEngine): Promise<void> {
  expect((await engine.backups.list()).backups.length).toBeGreaterThan(0)
  expect((await engine.backups.get('1')).row_count).toBe(100)
  expect((await engine.backups.verify('1', { levels: ['manifest'] })).ok).toBe(true)
  const targetDatabase = `restored_${++restores}`
  const restored = await engine.restores.run('1', { confirm: true, strategy: 'new-database', targetDatabase })
  expect(restored.database).toBe(targetDatabase)
  await expect(engine.tasks.list()).rejects.toMatchObject({ code: 'CATALOG_DAMAGED' })
  await expect(engine.retention.preview()).rejects.toMatchObject({ code: 'CATALOG_DAMAGED' })

  const handler = createHandler(engine, { authorize })
  const ask = (path: string, init: RequestInit = as('admin')) =>
    handler(new Request(`http://localhost${path}`, init), { address: '127.0.0.1' })
  expect((await ask('/backups/')).status).toBe(200)
  expect((await ask('/backups/1/')).status).toBe(200)
  const tasks = await ask('/tasks/')
  expect(tasks.status).toBe(503)
  expect(await tasks.json()).toMatchObject({
    code: 'catalog_damaged',
    advice: expect.stringMatching(/catalog/),
    detail: expect.not.stringMatching(/defect/),
  })
  const target = `shop_restored_${++restores}`
  const options = { strategy: 'new-database', target_database: target }
  const planned = await ask('/backups/1/restore/', post(options))
  const { plan_hash: confirm } = (await planned.json()) as { plan_hash: string }
  const started = await ask('/backups/1/restore/', post({ ...options, confirm }))
  expect({ status: started.status, body: await started.json() }).toMatchObject({ status: 202 })
  await vi.waitUntil(
    async () => {
      const rows = await cluster.sql('postgres', `SELECT FROM pg_database WHERE datname = '${target}'`)
      return rows.length > 0
    },
    { timeout: 240_000, interval: 200 },
  )
}

test.each(['header', 'pages'] as const)('a SQLite catalog whose %s is junk', async (part) => {
  const catalog = join(folder, `${part}.sqlite`)
  await cp(join(folder, 'good.sqlite'), catalog)
  const file = await open(catalog, 'r+')
  const { size } = await file.stat()
  if (part === 'header') await file.write(Buffer.alloc(4096, 'junk'), 0, 4096, 0)
  // The schema, on the first page, stays.
  else await file.write(Buffer.alloc(size - 4096, 'junk'), 0, size - 4096, 4096)
  await file.close()
  await expectToGoOn(engineWith(catalog))
})

test('a SQLite catalog that is deleted under a running host is noticed and said', async () => {
  const catalog = join(folder, 'deleted.sqlite')
  await cp(join(folder, 'good.sqlite'), catalog)
  const engine = engineWith(catalog)
  await engine.start()
  expect((await engine.tasks.list()).count).toBeGreaterThan(0)
  for (const end of ['', '-wal', '-shm']) await rm(`${catalog}${end}`, { force: true })
  await expectToGoOn(engine)
  await expect(engine.tasks.list()).rejects.toMatchObject({ detail: { fault: 'gone' } })
  expect(warnings.join('\n')).toContain('deleted or exchanged')
  const { checks } = await engine.doctor()
  expect(checks.find(({ id }) => id === 'catalog')).toMatchObject({ level: 'failed' })
})

test('a PostgreSQL catalog whose schema is dropped, and comes back', async () => {
  const engine = engineWith(cluster.url('bookkeeping'))
  await engine.start()
  expect((await engine.tasks.list()).count).toBe(0)
  await cluster.sql('bookkeeping', 'ALTER SCHEMA lifeboat RENAME TO elsewhere')
  await expectToGoOn(engine)
  await cluster.sql('bookkeeping', 'ALTER SCHEMA elsewhere RENAME TO lifeboat')
  await vi.waitUntil(async () => (await engine.tasks.list().catch(() => null))?.count === 0, { timeout: 240_000 })
  await engine.backups.list()
})

test.skipIf(!canMount())('with repository and catalog on one full disk, room can be made', async () => {
  const disk = join(folder, 'disk')
  await mkdir(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', disk])
  try {
    const repository = join(disk, 'backups')
    await cp(join(folder, 'backups'), repository, { recursive: true })
    const before = engineWith(join(repository, 'catalog.sqlite'), repository)
    await before.backups.create({ type: 'full' })
    await before.backups.create({ type: 'full' })
    await before.stop()
    const filler = await open(join(disk, 'filler'), 'w')
    for (let bytes = 1024 * 1024; bytes >= 512; )
      await filler.write(randomBytes(bytes)).catch(() => {
        bytes = Math.floor(bytes / 2)
      })
    await filler.close()
    const engine = engineWith(join(repository, 'catalog.sqlite'), repository)
    expect((await engine.backups.list()).backups.length).toBe(3)
    await engine.backups.delete('1')
    await engine.maintenance.prune({ now: true })
    expect((await engine.backups.list()).backups.length).toBe(2)
    await engine.backups.create()
    await engine.stop()
  } finally {
    execFileSync('umount', ['-l', disk])
  }
})
