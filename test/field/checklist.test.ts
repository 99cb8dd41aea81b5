import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { ledgerInspector } from '@lifeboat/core/migrations'
import { createMemoryStorage } from '@lifeboat/core/storage'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'

/** The checklist on real servers: nothing is ticked before it is so, and nothing stays ticked once it is not. */
let cluster: TemporaryCluster
let folder: string
const engines: BackupEngine[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-checklist-'))
})
afterAll(async () => {
  for (const engine of engines) await engine.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const open = (options: EngineOptions): BackupEngine => {
  const engine = createBackupEngine(options)
  engines.push(engine)
  return engine
}

async function notDone(engine: BackupEngine): Promise<Record<string, string>> {
  const { points } = await engine.checklist()
  return Object.fromEntries(points.flatMap(({ id, state }) => (state === 'done' ? [] : [[id, state]])))
}

test('each point is ticked by what is so, and by nothing else', { timeout: 300_000 }, async () => {
  await cluster.sql('postgres', `CREATE ROLE shop LOGIN CREATEDB PASSWORD 'shop'`)
  await cluster.sql('postgres', 'CREATE DATABASE shop OWNER shop')
  await cluster.sql('postgres', 'GRANT EXECUTE ON FUNCTION pg_control_system() TO shop')
  await cluster.sql(
    'shop',
    `SET ROLE shop; CREATE SCHEMA app;
     CREATE TABLE app.orders AS SELECT n AS id FROM generate_series(1, 500) AS n; ALTER TABLE app.orders ADD PRIMARY KEY (id);
     CREATE TABLE app.knex_migrations (id int PRIMARY KEY, name text); INSERT INTO app.knex_migrations VALUES (1, '1.js')`,
  )
  const url = new URL(cluster.url('shop'))
  url.username = 'shop'
  url.password = 'shop'
  const media = join(folder, 'uploads')
  await mkdir(media)
  await writeFile(join(media, 'cat.jpg'), 'a cat')
  const plain: EngineOptions = {
    database: url.href,
    repository: join(folder, 'repository'),
    encryption: { passphrase: 'correct horse' },
    media: [media],
  }

  const first = open(plain)
  await first.repository.init()
  expect(await notDone(first)).toEqual({
    ...{ full_backup: 'open', media: 'open', restore_tested: 'open', reread: 'open', migrations: 'open' },
    ...{ second_place: 'open', second_key: 'open', schedule: 'open', channel: 'open' },
  })
  await first.stop()

  const delivered: unknown[] = []
  const engine = open({
    ...plain,
    copies: [{ name: 'elsewhere', repository: createMemoryStorage() }],
    migrations: [
      ledgerInspector({
        schema: 'app',
        table: 'knex_migrations',
        idColumn: 'name',
        known: async () => ['1.js'],
      }),
    ],
    notifications: { channels: [{ kind: 'custom', name: 'pager', send: (event) => void delivered.push(event) }] },
  })
  // What is configured and has not happened yet is not done.
  expect(await notDone(engine)).toMatchObject({ second_place: expect.stringMatching(/open|unknown/), channel: 'open' })
  await engine.backups.create({ type: 'full', includeMedia: true })
  await engine.backups.verify('latest', { level: 'restore' })
  await engine.copies.update('elsewhere', { create: true })
  await engine.notifications.test('pager')
  expect(delivered).toHaveLength(1)
  await engine.keys.recoveryKit()
  await engine.config.change({ auto_backup_enabled: true, scrub_days: 30 })
  expect(await notDone(engine)).toEqual({ schedule: 'open' })
  await engine.start()
  const done = await engine.checklist()
  expect(done.points.filter(({ state }) => state !== 'done')).toEqual([])
  expect(done).toMatchObject({ ok: true, done: 14, open: 0 })

  // Broken again, one after the other.
  await engine.tasks.pause()
  await engine.config.change({ max_backups: 0, retention_days: 0 })
  await rm(media, { recursive: true })
  await engine.keys.rotate({ passphrase: 'battery staple' })
  await cluster.sql('postgres', 'ALTER ROLE shop NOCREATEDB')
  await cluster.sql('shop', 'CREATE TABLE _prisma_migrations (id text)')
  const broken = await engine.checklist()
  expect(
    Object.fromEntries(broken.points.filter(({ state }) => state !== 'done').map((one) => [one.id, one.state])),
  ).toEqual({
    ...{ schedule: 'open', retention: 'open', media: 'open', second_key: 'open', rights: 'open', migrations: 'open' },
  })
  expect(broken.points.find(({ id }) => id === 'second_key')?.last_true_at).toMatch(/^\d{4}-/)
  expect(broken.points.find(({ id }) => id === 'migrations')?.message).toContain('public._prisma_migrations')
  await engine.stop()
})

test('the command ends with 1 while a point is open, and says what to do in its own words', {
  timeout: 120_000,
}, async () => {
  const database = await cluster.createDatabase('plain')
  const env = { DATABASE_URL: database, LIFEBOAT_REPOSITORY: join(folder, 'plain') }
  expect(await runCli(['init', '--encryption', 'none'], { env })).toMatchObject({ code: 0 })
  const { code, stdout } = await runCli(['checklist', '--encryption', 'none'], { env })
  expect(code).toBe(1)
  expect(stdout).toContain('✗ A backup is made, and the newest is good')
  expect(stdout).toContain('lifeboat backup')
  expect(stdout).not.toMatch(/\{[a-z.]+\}/i)
  const asJson = await runCli(['checklist', '--encryption', 'none', '--json'], { env })
  expect(asJson.code).toBe(1)
  expect(asJson.json()).toMatchObject({ checklist: { ok: false } })
  await cluster.stop()
  const away = (await runCli(['checklist', '--encryption', 'none', '--json'], { env })).json() as {
    checklist: { points: { id: string; state: string }[] }
  }
  const states = Object.fromEntries(away.checklist.points.map(({ id, state }) => [id, state]))
  expect(states).toMatchObject({ migrations: 'unknown', full_backup: 'open', rights: 'open' })
})
