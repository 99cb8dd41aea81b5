import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openSqliteCatalog } from '../../packages/core/src/catalog/sqlite.ts'
import { repackChunks } from '../../packages/core/src/maintenance/repack.ts'
import { writeIndexObjects } from '../../packages/core/src/repository/index/index-object.ts'
import { loadChunkIndex } from '../../packages/core/src/repository/index/load-index.ts'
import { openRepository } from '../../packages/core/src/repository/open.ts'
import { createLocalStorage } from '../../packages/core/src/storage/local.ts'
import { mountedAt } from '../http/faces.ts'
import { as, authorize, post, taskEnd } from '../http/setting.ts'

/** Copies of a repository in the engine: made by jobs, restored from, repaired from. */
let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

let folder: string
let number = 0
let database: string
const engines: BackupEngine[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-copies-'))
  database = `shop_${++number}`
  await cluster.createDatabase(database)
  await cluster.sql(
    database,
    `CREATE TABLE orders (id int PRIMARY KEY, note text);
     INSERT INTO orders SELECT n, repeat(md5(n::text), 4) FROM generate_series(1, 5000) AS n`,
  )
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop()
  await rm(folder, { recursive: true, force: true })
})

const passphrase = 'correct horse'
async function open(options: Partial<EngineOptions> = {}, init = true) {
  const engine = createBackupEngine({
    database: cluster.url(database),
    repository: join(folder, 'main'),
    encryption: { rawKey: Buffer.alloc(32, 5) },
    appName: 'shop',
    resources: { packBytes: 1 << 20 },
    ...options,
  })
  engines.push(engine)
  if (init) await engine.repository.init()
  return engine
}

async function packFiles(place = 'main'): Promise<string[]> {
  const top = join(folder, place, 'packs')
  const found: string[] = []
  for (const part of await readdir(top))
    for (const name of await readdir(join(top, part))) found.push(join(top, part, name))
  return found.sort()
}

async function flip(file: string) {
  const data = await readFile(file)
  data[Math.floor(data.length / 2)]! ^= 1
  await rm(file)
  await writeFile(file, data, { mode: 0o600 })
}

const restored = async (engine: BackupEngine) => {
  await engine.restores.run('1', { strategy: 'new-database', targetDatabase: `${database}_back`, confirm: true })
  const [row] = await cluster.sql(
    `${database}_back`,
    `SELECT md5(string_agg(id || note, ',' ORDER BY id)) AS sum FROM orders`,
  )
  const [live] = await cluster.sql(database, `SELECT md5(string_agg(id || note, ',' ORDER BY id)) AS sum FROM orders`)
  await cluster.sql('postgres', `DROP DATABASE ${database}_back`)
  return JSON.stringify(row) === JSON.stringify(live)
}

/** Waits until no task waits or runs. */
async function settled(engine: BackupEngine) {
  const until = Date.now() + 180_000
  while ((await engine.tasks.list({ status: ['queued', 'running'] })).rows.length > 0) {
    if (Date.now() > until) throw new Error('tasks do not end')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const newestTask = async (engine: BackupEngine, kind: string) => (await engine.tasks.list({ kind })).rows[0]

test('after each backup the copies are brought up to date; one that fails is shown, and fails no backup', async () => {
  await mkdir(join(folder, 'nas'), { mode: 0o700 })
  const engine = await open({
    copies: [
      { name: 'nas', repository: join(folder, 'nas'), retention: { max_backups: 2 } },
      { name: 'unmounted', repository: join(folder, 'unmounted') },
    ],
  })
  await engine.start()
  for (let n = 1; n <= 3; n++) {
    await cluster.sql(database, `UPDATE orders SET note = note || '${n}' WHERE id % 7 = ${n}`)
    const made = await engine.tasks.start('backups.create', {}, { as: { id: 'test', role: 'admin' } })
    await settled(engine)
    expect(await engine.tasks.get(made.task_id)).toMatchObject({ status: 'succeeded' })
  }
  const copies = (await engine.tasks.list({ kind: 'copy' })).rows
  expect(copies.map(({ status }) => status).sort()).toEqual([
    'failed',
    'failed',
    'failed',
    ...Array(3).fill('succeeded'),
  ])
  expect(copies.find(({ status }) => status === 'failed')?.error).toMatchObject({
    code: 'storage_gone',
    advice: expect.stringContaining('`engine.copies.update(copy)` makes its place'),
  })
  // What is not mounted is not filled.
  await expect(readdir(join(folder, 'unmounted'))).rejects.toThrow()

  const states = await engine.copies.states({ fresh: true })
  expect(states).toMatchObject([
    { name: 'nas', level: 'ok', backups: 2, missing: 0, error: null },
    { name: 'unmounted', level: 'warning', backups: null, error: { code: 'STORAGE_GONE' } },
  ])
  const status = await engine.status()
  expect(status).toMatchObject({ level: 'warning', copies: states })
  expect(status.message).toContain('unmounted')
  const doctor = await engine.doctor()
  expect(doctor.checks.filter(({ id }) => id.startsWith('copy.'))).toMatchObject([
    { id: 'copy.nas', level: 'ok' },
    { id: 'copy.unmounted', level: 'warning' },
  ])
  const copy = await open({ repository: join(folder, 'nas') }, false)
  expect((await copy.backups.list()).backups.map(({ number }) => number)).toEqual([3, 2])
  expect(await copy.maintenance.check({ readData: true })).toMatchObject({ ok: true })
  // By hand the folder is made.
  expect(await engine.copies.update('unmounted', { create: true })).toMatchObject({ present: 0, forgotten: [] })
  expect(await engine.copies.states({ fresh: true })).toMatchObject([{ level: 'ok' }, { level: 'ok', backups: 3 }])
})

test('a copy under way is cancelled, and the next one moves only what is missing', async () => {
  await mkdir(join(folder, 'nas'), { mode: 0o700 })
  await cluster.sql(
    database,
    `CREATE TABLE noise AS SELECT n, (SELECT string_agg(md5(random()::text || n || m), '') FROM generate_series(1, 60) m) AS t
     FROM generate_series(1, 4000) AS n`,
  )
  // Made without the copy, which would be brought up to date with the backup.
  await (await open()).backups.create()
  const engine = await open({ copies: [{ name: 'nas', repository: join(folder, 'nas') }] }, false)
  const all = (await packFiles()).length
  expect(all).toBeGreaterThan(3)
  await engine.start()
  engine.repository.throttle({ upload: 500_000 })
  const { task_id } = await engine.tasks.start('copies.update', { copy: 'nas' }, { as: { id: 'test', role: 'admin' } })
  const moved = async () => (await engine.tasks.get(task_id))?.progress?.bytes ?? 0
  await expect.poll(moved).toBeGreaterThan(0)
  await engine.tasks.cancel(task_id)
  await settled(engine)
  expect(await engine.tasks.get(task_id)).toMatchObject({ status: 'cancelled' })
  engine.repository.throttle({ upload: 0 })
  const there = (await packFiles('nas')).length
  expect(there).toBeLessThan(all)
  expect(await engine.copies.update('nas')).toMatchObject({ packs: all - there })
  const copy = await open({ repository: join(folder, 'nas') }, false)
  expect(await copy.maintenance.check({ readData: true })).toMatchObject({ ok: true, backups: 1 })
})

test('a restore takes from a copy what is missing or damaged, and from another pack of the same repository', async () => {
  await mkdir(join(folder, 'nas'), { mode: 0o700 })
  const plain = await open()
  await plain.backups.create()
  const files = await packFiles()
  const engine = await open({ copies: [{ name: 'nas', repository: join(folder, 'nas') }] }, false)
  await engine.copies.update('nas')
  for (const harm of [flip, rm]) {
    const before = new Map(await Promise.all(files.map(async (file) => [file, await readFile(file)] as const)))
    for (const file of files) await harm(file)
    await expect(restored(plain)).rejects.toMatchObject({ code: expect.stringMatching(/REFUSED|DAMAGED|MISSING/) })
    await cluster.sql('postgres', `DROP DATABASE IF EXISTS ${database}_back`)
    expect(await restored(engine)).toBe(true)
    const file = join(folder, 'out.dump')
    await engine.backups.export('1', { file })
    await rm(file)
    // Checks and verifications do not take one for the other.
    expect(await engine.maintenance.check({ readData: true })).toMatchObject({ ok: false })
    expect(await engine.backups.verify('1', { levels: ['checksums'] })).toMatchObject({ ok: false })
    for (const [name, data] of before) await writeFile(name, data, { mode: 0o600 })
  }
  expect(await engine.maintenance.check({ readData: true })).toMatchObject({ ok: true })

  // Every chunk a second time in the same repository; then the first of each is damaged.
  const repository = await openRepository(createLocalStorage(join(folder, 'main')), { rawKey: Buffer.alloc(32, 5) })
  const index = await loadChunkIndex(repository)
  const sources = [...index.packs()].map(({ name }) => ({
    pack: name,
    ids: (index.packTable(name)?.chunks ?? []).map(({ id }) => id),
  }))
  const { tables } = await repackChunks(repository, index, sources)
  await writeIndexObjects(repository, tables)
  for (const file of files) await flip(file)
  expect(await restored(await open({}, false))).toBe(true)
})

test('a copy with a key of its own opens with that key and no other, and gives what the repository has lost', async () => {
  const engine = await open({
    copies: [{ name: 'offsite', repository: join(folder, 'offsite'), encryption: { passphrase } }],
  })
  await engine.backups.create()
  await engine.copies.update('offsite', { create: true })
  const other = await open({ repository: join(folder, 'offsite'), encryption: { passphrase } }, false)
  expect((await other.backups.list()).backups).toHaveLength(1)
  expect(await restored(other)).toBe(true)
  const source = await open({ repository: join(folder, 'offsite') }, false)
  await expect(source.backups.list()).rejects.toMatchObject({ code: 'WRONG_KEY' })
  for (const file of await packFiles()) await rm(file)
  expect(await engine.maintenance.repair({ from: 'offsite' })).toMatchObject({ ok: true })
  expect(await engine.maintenance.check({ readData: true })).toMatchObject({ ok: true })
})

test('a scrub finds damage, marks the backup, and repairs it where that is wanted; status and doctor say so', async () => {
  await mkdir(join(folder, 'nas'), { mode: 0o700 })
  const engine = await open({
    copies: [{ name: 'nas', repository: join(folder, 'nas') }],
    runTime: { scrub_days: 1 },
  })
  await engine.start()
  const made = await engine.tasks.start('backups.create', {}, { as: { id: 'test', role: 'admin' } })
  await settled(engine)
  const [first = ''] = await packFiles()
  await flip(first)
  await engine.tasks.start('maintenance.scrub', {}, { as: { id: 'test', role: 'admin' } })
  await settled(engine)
  expect(await newestTask(engine, 'scrub')).toMatchObject({ status: 'failed', error: { code: 'repository_damaged' } })
  expect(await engine.status()).toMatchObject({ level: 'failed', scrub: { coverage: 1, last_problems: 1 } })
  const doctor = await engine.doctor()
  expect(doctor.ok).toBe(false)
  expect(doctor.checks.find(({ id }) => id === 'backup.bad')?.message).toMatch(/Backup 1 failed/)
  expect((await engine.statistics()).scrub).toMatchObject({ days: 1, coverage: 1 })

  await engine.tasks.start('maintenance.repair', { dryRun: true }, { as: { id: 'test', role: 'admin' } })
  await settled(engine)
  expect(await engine.maintenance.check({ readData: true })).toMatchObject({ ok: false })
  await engine.tasks.start('maintenance.repair', {}, { as: { id: 'test', role: 'admin' } })
  await settled(engine)
  expect(await newestTask(engine, 'repair')).toMatchObject({
    status: 'succeeded',
    result: { ok: true, items: [{ outcome: 'replaced', backups: [made.id] }], verified: [{ id: made.id, ok: true }] },
  })
  expect(await engine.status()).toMatchObject({ level: 'ok', last_backup: { last_verified: { ok: true } } })

  await flip(first)
  // Another rotation begins anew, with the share of today, which of one day is everything.
  await rm(join(folder, 'main', 'scrubs'), { recursive: true })
  await engine.config.change({ scrub_repair: true })
  await engine.tasks.start('maintenance.scrub', {}, { as: { id: 'test', role: 'admin' } })
  await settled(engine)
  expect(await newestTask(engine, 'scrub')).toMatchObject({ status: 'succeeded', result: { repaired: { ok: true } } })
  expect(await engine.maintenance.check({ readData: true })).toMatchObject({ ok: true })
  expect(await engine.status()).toMatchObject({ level: 'ok' })
})

test('the schedule runs the scrub like any other job, also one that was missed, and 0 days is never', async () => {
  const runTime = { scrub_days: 3, scrub_hour: 4, time_zone: 'UTC' }
  const before = await open({ runTime })
  await before.backups.create()
  // The engine was away since the slot of the day before yesterday.
  const catalog = await openSqliteCatalog(join(folder, 'main', 'catalog', 'catalog.sqlite'))
  const now = new Date()
  const slot = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() - 2, 4)).toISOString()
  await catalog.schedule.fire({ schedule: 'scrub 0 4 * * * UTC', slot, worker: 'w', fired_at: slot }, null)
  await catalog.close()
  const off = await open({ runTime: { ...runTime, scrub_days: 0 } }, false)
  await off.start()
  await settled(off)
  expect(await newestTask(off, 'scrub')).toBeUndefined()
  await off.stop()
  await rm(join(folder, 'main', 'catalog'), { recursive: true })
  const again = await openSqliteCatalog(join(folder, 'main', 'catalog', 'catalog.sqlite'))
  await again.schedule.fire({ schedule: 'scrub 0 4 * * * UTC', slot, worker: 'w', fired_at: slot }, null)
  await again.close()
  const engine = await open({ runTime }, false)
  await engine.start()
  await expect
    .poll(() => newestTask(engine, 'scrub'))
    .toMatchObject({
      status: 'succeeded',
      trigger: 'schedule',
      result: { days: 3 },
    })
  await expect(engine.maintenance.scrub({ days: 0 })).rejects.toMatchObject({ code: 'INVALID' })
  await expect(engine.config.change({ scrub_days: -1 })).rejects.toMatchObject({ code: 'INVALID' })
})

test('over HTTP: states, runs, repair and scrub as tasks; a copy nobody configured is 404', async () => {
  await mkdir(join(folder, 'nas'), { mode: 0o700 })
  await (await open()).backups.create()
  const engine = await open({ copies: [{ name: 'nas', repository: join(folder, 'nas') }] }, false)
  const handler = createHandler(engine, { authorize, basePath: mountedAt })
  const send = (path: string, init: RequestInit) =>
    handler(new Request(`http://localhost${mountedAt}${path}`, init), { address: '127.0.0.1' })
  await engine.start()
  const before = await (await send('/copies/', as('viewer'))).json()
  expect(before).toMatchObject({ count: 1, results: [{ name: 'nas', level: 'warning', missing: 1 }] })
  const end = async (path: string, body?: unknown) => {
    const answer = await send(path, post(body))
    expect(answer.status).toBe(202)
    return taskEnd(send, ((await answer.json()) as { task_id: string }).task_id)
  }
  expect(await end('/copies/nas/run/')).toMatchObject({ kind: 'copy', status: 'succeeded', result: { name: 'nas' } })
  expect(await (await send('/copies/', as('viewer'))).json()).toMatchObject({ results: [{ level: 'ok', missing: 0 }] })
  const [first = ''] = await packFiles()
  await flip(first)
  expect(await end('/scrub/')).toMatchObject({ kind: 'scrub' })
  expect(await end('/repair/', { dry_run: true })).toMatchObject({ status: 'succeeded', result: { dry_run: true } })
  expect(await end('/repair/', { from: 'nas' })).toMatchObject({ status: 'succeeded', result: { ok: true } })
  expect(await engine.maintenance.check({ readData: true })).toMatchObject({ ok: true })
  for (const [path, body] of [
    ['/copies/elsewhere/run/', undefined],
    ['/repair/', { from: 'elsewhere' }],
  ] as const)
    expect((await send(path, post(body))).status).toBe(404)
  // A place of one's own cannot be named over HTTP, and a viewer may start nothing.
  expect((await send('/repair/', post({ from: '/tmp/elsewhere' }))).status).toBe(404)
  expect((await send('/scrub/', post(undefined, {}, 'viewer'))).status).toBe(403)
})

test('the safety backups of a restore and of a rewind reach the copies too', async () => {
  await mkdir(join(folder, 'nas'), { mode: 0o700 })
  const engine = await open({ copies: [{ name: 'nas', repository: join(folder, 'nas') }] })
  await engine.start()
  const { id } = await engine.backups.create()
  await settled(engine)
  const held = async () => (await engine.copies.states())[0]?.backups
  const restore = await engine.restores.run(id, { confirm: true })
  await settled(engine)
  expect([restore.safety_backup_id, await held()]).toEqual([expect.any(String), 2])
  await cluster.sql(database, 'DELETE FROM orders WHERE id <= 10')
  await engine.rows.rewind('2', { tables: ['public.orders'], confirm: true })
  await settled(engine)
  expect(await held()).toBe(3)
  expect(await engine.copies.states()).toMatchObject([{ missing: 0 }])
})
