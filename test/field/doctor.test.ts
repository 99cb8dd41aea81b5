import { execFile, execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openSqliteCatalog } from '../../packages/core/src/catalog/sqlite.ts'

/** doctor says what is wrong before it is needed, and of every database. */
let cluster: TemporaryCluster
let folder: string
const engines: BackupEngine[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  for (const database of ['shop', 'blog']) await cluster.createDatabase(database)
  await cluster.sql('shop', 'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)')
  await cluster.sql(
    'blog',
    `CREATE TABLE posts (title text); INSERT INTO posts VALUES ('a'), ('a');
     CREATE UNLOGGED TABLE hits (id int PRIMARY KEY)`,
  )
  // Built while rows break it: it stays, invalid.
  await cluster.sql('blog', 'CREATE UNIQUE INDEX CONCURRENTLY once ON posts (title)').catch(() => {})
})
afterAll(() => cluster?.stop())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-doctor-'))
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop()
  await rm(folder, { recursive: true, force: true })
})

async function open(options: Partial<EngineOptions> = {}): Promise<BackupEngine> {
  const engine = createBackupEngine({
    databases: { shop: cluster.url('shop'), blog: cluster.url('blog') },
    repository: join(folder, 'repository'),
    catalog: join(folder, 'catalog.sqlite'),
    encryption: 'none',
    appName: 'shop',
    ...options,
  })
  engines.push(engine)
  await engine.repository.init()
  return engine
}

const found = async (engine: BackupEngine, id: string, options = {}) =>
  (await engine.doctor(options)).checks.filter((check) => check.id === id)

test('every configured database is looked at, or the one that is named; the ids say what failed', async () => {
  const engine = await open()
  await engine.backups.create({ database: 'shop' })
  const report = await engine.doctor()
  const recent = report.checks.filter(({ id }) => id === 'backup.recent')
  expect(recent).toMatchObject([
    { database: 'shop', level: 'ok', message: expect.stringMatching(/^shop: /) },
    { database: 'blog', level: 'failed', message: expect.stringMatching(/^blog: There is no backup/) },
  ])
  expect(report.checks.filter(({ id }) => id === 'database.reachable').map(({ database }) => database)).toEqual([
    'shop',
    'blog',
  ])
  expect(report).toMatchObject({ ok: false, failed: ['backup.recent'] })
  expect(report.warnings).toEqual(expect.arrayContaining(['schema.index']))
  expect(report.checks.filter(({ id }) => id.startsWith('schema.'))).toMatchObject([
    { id: 'schema.index', database: 'blog', advice: 'REINDEX INDEX CONCURRENTLY public.once' },
    { id: 'schema.unlogged', message: expect.stringContaining('public.hits') },
    { id: 'schema.key', message: expect.stringContaining('public.posts') },
  ])
  const one = await engine.doctor({ database: 'shop' })
  expect(one).toMatchObject({ ok: true, failed: [] })
  expect(one.checks.filter(({ database }) => database !== undefined)).toEqual([])
  expect(one.checks.map(({ id }) => id)).toEqual(expect.arrayContaining(['clock.server', 'clock.storage']))
})

test('schedules that nobody fires and what is overdue are failures; a process that works is not', async () => {
  const engine = await open({ runTime: { auto_backup_enabled: true, auto_backup_cron: '* * * * *', time_zone: 'UTC' } })
  const catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'))
  const slot = new Date(Date.now() - 3_600_000).toISOString()
  const fired = { schedule: 'backup:shop * * * * * UTC', slot, worker: 'w', fired_at: slot }
  await catalog.schedule.fire(fired, null)
  await catalog.close()
  expect(await found(engine, 'schedule.alive')).toMatchObject([
    { level: 'failed', advice: expect.stringContaining('worker') },
  ])
  // Of each minute that was missed, the first is named.
  const [overdue] = await found(engine, 'schedule.overdue')
  expect(overdue).toMatchObject({
    level: 'failed',
    message: expect.stringMatching(/^"backup:shop" has been due since /),
  })
  const since = Date.parse(/since (\S+)/.exec(overdue?.message ?? '')?.[1] ?? '')
  expect(since - Date.parse(slot)).toBeLessThanOrEqual(60_000)
  await engine.config.change({ auto_backup_cron: '0 * * * *' })
  await engine.start()
  await expect.poll(async () => (await found(engine, 'schedule.alive'))[0]?.level, { timeout: 60_000 }).toBe('ok')
})

test('tasks that wait for a process which is not there', async () => {
  const engine = await open()
  await engine.tasks.start('backups.create', { database: 'shop' })
  expect(await found(engine, 'jobs.alive')).toMatchObject([
    { level: 'failed', message: expect.stringContaining('1 task') },
  ])
})

test('folders that are open to others, and media that are not there, with the command that repairs it', async () => {
  const media = join(folder, "it's media")
  const engine = await open({ media: [media] })
  expect(await found(engine, 'media.readable')).toMatchObject([
    { level: 'failed', advice: `Mount it, or: mkdir -p '${join(folder, `it'\\''s media`)}'` },
  ])
  await mkdir(media)
  await writeFile(join(media, 'a.jpg'), 'a')
  expect(await found(engine, 'media.readable')).toMatchObject([
    { level: 'ok', message: expect.stringContaining('1 entry') },
  ])
  const repository = join(folder, 'repository')
  expect(await found(engine, 'folders.repository')).toMatchObject([{ level: 'ok' }])
  await chmod(repository, 0o755)
  expect(await found(engine, 'folders.repository')).toMatchObject([
    { level: 'warning', advice: `chmod go-rwx '${repository}'` },
  ])
})

type DoctorCheck = Awaited<ReturnType<BackupEngine['doctor']>>['checks'][number]

/** As a user who is not root: nothing is refused to that one. */
async function foundAsUser(options: EngineOptions, id: string): Promise<DoctorCheck[]> {
  const program = fileURLToPath(new URL('./doctor-program.ts', import.meta.url))
  const account = process.getuid?.() === 0 ? ['65534'] : []
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', program, JSON.stringify(options), ...account],
    { env: { ...process.env, HOME: folder } },
  )
  return (JSON.parse(stdout) as DoctorCheck[]).filter((check) => check.id === id)
}

/** Gives everything to the user who is not root. */
const give = () => {
  if (process.getuid?.() === 0) execFileSync('chown', ['-R', '65534:65534', folder])
}

test('files and folders that this user may not read or write', async () => {
  const media = join(folder, 'media')
  const repository = join(folder, 'repository')
  const options: EngineOptions = { repository, encryption: 'none', media: [media] }
  await mkdir(media)
  await writeFile(join(media, 'secret'), 'a', { mode: 0o000 })
  await createBackupEngine(options).repository.init()
  give()
  expect(await foundAsUser(options, 'media.readable')).toMatchObject([
    { level: 'warning', message: expect.stringContaining('secret'), advice: expect.stringContaining('setfacl') },
  ])
  expect(await foundAsUser(options, 'folders.repository')).toMatchObject([{ level: 'ok' }])
  await chmod(repository, 0o500)
  expect(await foundAsUser(options, 'folders.repository')).toMatchObject([
    { level: 'failed', advice: expect.stringContaining('chmod u+rwx') },
  ])
  await chmod(repository, 0o700)
})

test('what another user has left in the repository, or as the catalog, with the command that gives it back', async () => {
  const repository = join(folder, 'repository')
  const catalog = join(folder, 'catalog.sqlite')
  const options: EngineOptions = { repository, encryption: 'none', catalog }
  await createBackupEngine(options).repository.init()
  await mkdir(join(repository, 'numbers'), { recursive: true })
  await writeFile(join(repository, 'numbers', '2'), '')
  await writeFile(catalog, '')
  give()
  // To the user, what root has closed and what is closed to all look the same.
  for (const path of [join(repository, 'numbers', '2'), catalog]) await chmod(path, 0o000)
  expect(await foundAsUser(options, 'folders.repository')).toMatchObject([
    {
      level: 'failed',
      message: expect.stringContaining('numbers/2'),
      advice: expect.stringMatching(/^sudo chown -R \d+:\d+ '.*repository'$/),
    },
  ])
  expect((await foundAsUser(options, 'folders.catalog')).filter(({ level }) => level === 'failed')).toMatchObject([
    { advice: expect.stringMatching(/^sudo chown \d+:\d+ '.*catalog.sqlite'\*$/) },
  ])
})

test('a reserve that was given up and could not be made again is a warning, until a backup makes it', async () => {
  const engine = await open()
  expect(await found(engine, 'repository.reserve')).toEqual([])
  await engine.backups.create({ database: 'shop' })
  expect(await found(engine, 'repository.reserve')).toEqual([])
  await rm(join(folder, 'repository', 'reserve'))
  expect(await found(engine, 'repository.reserve')).toMatchObject([
    { level: 'warning', message: expect.stringContaining('4 MiB'), advice: expect.stringContaining('The next backup') },
  ])
  await engine.backups.create({ database: 'shop' })
  expect(await found(engine, 'repository.reserve')).toEqual([])
})

test('a kept database whose time is over is a warning; those of other databases are left out', async () => {
  const engine = await open({ keepReplacedDays: 1 })
  await engine.backups.create({ database: 'shop' })
  const { kept_database } = await engine.restores.run('latest', {
    database: 'shop',
    confirm: true,
    safetyBackup: false,
  })
  expect(await found(engine, 'restore.kept')).toMatchObject([{ level: 'ok', database: 'shop' }])
  const [{ comment } = { comment: '' }] = await cluster.sql<{ comment: string }>(
    'postgres',
    `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = '${kept_database}'`,
  )
  const past = comment.replace(/("keep_until":")[^"]+/, '$12020-01-01T00:00:00.000Z')
  await cluster.sql('postgres', `COMMENT ON DATABASE "${kept_database}" IS '${past.replaceAll("'", "''")}'`)
  expect(await found(engine, 'restore.kept')).toMatchObject([
    { level: 'warning', message: expect.stringContaining('was over on 2020-01-01'), advice: expect.any(String) },
  ])
  expect(await found(engine, 'restore.kept', { database: 'blog' })).toEqual([])
})
