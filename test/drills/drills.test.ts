import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EngineOptions } from '../../packages/core/src/config.ts'
import { type BackupEngine, createBackupEngine } from '../../packages/core/src/engine.ts'
import type { EngineEvent } from '../../packages/core/src/events.ts'
import { kyselyInspector } from '../../packages/core/src/inspectors.ts'
import { whereTimeGoesBy } from '../../packages/core/src/testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { runCli } from '../cli/run-cli.ts'
import { some } from '../runner/counts.ts'

let cluster: TemporaryCluster
let folder: string
let count = 0
const closers: (() => Promise<void>)[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-drills-'))
})
afterAll(async () => {
  for (const close of closers) await close()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

const rows = `CREATE TABLE orders (id int PRIMARY KEY, note text, created_at timestamptz);
  INSERT INTO orders SELECT i, md5(i::text), now() - interval '2 hours' FROM generate_series(1, 5000) i;
  CREATE INDEX ON orders (note); CREATE TABLE later (at timestamp)`

interface Shop {
  engine: BackupEngine
  database: string
  repository: string
  options: EngineOptions
}

async function shop(more: Partial<EngineOptions> = {}, sql = rows): Promise<Shop> {
  const database = `shop_${++count}`
  const url = await cluster.createDatabase(database)
  await cluster.sql(database, sql)
  const repository = join(folder, database)
  const options: EngineOptions = { database: url, repository, encryption: { rawKey: Buffer.alloc(32, 7) }, ...more }
  const engine = createBackupEngine(options)
  closers.push(() => engine.stop())
  await engine.repository.init()
  await engine.backups.create({ includeMedia: options.media !== undefined })
  return { engine, database, repository, options }
}

const copies = () => cluster.sql('postgres', "SELECT datname FROM pg_database WHERE datname LIKE 'lifeboat%'")
const freshness = (column: string, maxAgeHours: number, table = 'public.orders') => ({
  drills: { freshness: [{ table, column, maxAgeHours }] },
})

describe('a good drill', () => {
  test('restores, checks, measures, and leaves nothing', async () => {
    const media = join(folder, 'uploads')
    await mkdir(media)
    await writeFile(join(media, 'photo'), Buffer.alloc(300_000, 1))
    const one = await shop({
      ...freshness('created_at', 3),
      media: [{ name: 'uploads', path: media }],
      validators: [{ name: 'not empty', sql: 'SELECT count(*) > 0 FROM orders', expect: true }],
      invariants: [{ name: 'sum', sql: 'SELECT sum(id) FROM public.orders' }],
    })
    const before = await copies()
    const drill = await one.engine.drills.run('latest')
    expect(drill).toMatchObject({ verdict: 'good', problems: [], rows: 5000, tables: 2, validators: ['not empty'] })
    expect(drill.media_bytes).toBeGreaterThan(300_000)
    expect(drill.freshness).toMatchObject([{ column: 'public.orders.created_at', limit_seconds: 3 * 3600 }])
    expect(drill.freshness[0]?.age_seconds).toBeGreaterThanOrEqual(7200)
    // By what this server has of it: either it was done, or why not is said.
    if (drill.indexes === null) expect(drill.notes.join()).toMatch(/^Indexes were not checked by amcheck/)
    else expect(drill.indexes).toBeGreaterThanOrEqual(2)
    const phases = drill.phases.map(({ phase }) => phase)
    for (const phase of ['plan', 'create-database', 'analyze', 'freshness', 'check-indexes', 'media', 'drop'])
      expect(phases).toContain(phase)
    expect(await copies()).toEqual(before)
    expect(await one.engine.drills.list()).toEqual([drill])
    const status = await one.engine.status()
    expect(status).toMatchObject({ level: 'ok', last_drill: { id: drill.id, verdict: 'good', problem: null } })
    expect(status.last_backup?.last_verified).toMatchObject({ level: 'restore', ok: true })
    expect((await one.engine.recoveryPlan({ format: 'markdown' })).document).toContain('by a drill on')
    const facts = (await one.engine.audit.list({ action: 'drills.run' })).results
    expect(facts[0]).toMatchObject({ outcome: 'succeeded', detail: { verdict: 'good', number: 1 } })
  })

  test('is kept sealed in the repository, and is there without the catalog', async () => {
    const one = await shop()
    const drill = await one.engine.drills.run('latest')
    const names = await readdir(join(one.repository, 'drills'))
    expect(names).toHaveLength(1)
    const bytes = await readFile(join(one.repository, 'drills', names[0] ?? ''))
    expect(bytes.includes(one.database)).toBe(false)
    const other = createBackupEngine({ ...one.options, catalog: join(folder, `${one.database}.sqlite`) })
    closers.push(() => other.stop())
    expect(await other.drills.list({ database: 'default' })).toEqual([drill])
    expect((await other.maintenance.check()).ok).toBe(true)
    await writeFile(join(one.repository, 'drills', names[0] ?? ''), 'damaged')
    expect(await one.engine.drills.list()).toEqual([])
    expect(await other.maintenance.check()).toMatchObject({ ok: false, problems: [{ object: `drills/${names[0]}` }] })
  })

  test('says where nothing of the application was checked', async () => {
    const one = await shop()
    const { notes } = await one.engine.drills.run('latest')
    expect(notes.join('\n')).toContain('nothing of your own was checked')
  })

  test('records the time that passed', async () => {
    const slow = 2000
    let checked = 0
    const validate = async () => {
      await new Promise((resolve) => setTimeout(resolve, slow))
      checked = performance.now()
    }
    const one = await shop({ validators: [{ name: 'slow', validate }] })
    await whereTimeGoesBy(async () => {
      let began = 0
      const report = (event: EngineEvent) => {
        if (event.type === 'phase') began ||= performance.now()
      }
      const asked = performance.now()
      const drill = await one.engine.drills.run('latest', { report })
      const all = performance.now() - asked
      const recovery = checked - began
      expect(recovery).toBeGreaterThanOrEqual(slow)
      expect(Math.abs((drill.recovery_seconds ?? 0) * 1000 - recovery)).toBeLessThan(recovery * 0.05)
      expect(drill.seconds).toBeGreaterThan(drill.recovery_seconds ?? 0)
      expect(drill.seconds * 1000).toBeLessThanOrEqual(all + 1)
      const sum = drill.phases.reduce((total, { seconds }) => total + seconds, 0)
      expect(Math.abs(sum - drill.seconds)).toBeLessThan(drill.seconds * 0.05)
    })
  })
})

/** Everything in the packs of a repository, changed. */
async function eachPack(repository: string, change: (path: string) => Promise<void>): Promise<void> {
  for (const name of await readdir(join(repository, 'packs'), { recursive: true }))
    if (/[0-9a-f]{64}$/.test(name)) await change(join(repository, 'packs', name))
}
const flip = async (path: string) => {
  const bytes = await readFile(path)
  for (let at = 0; at < bytes.length; at += 64) bytes[at] = (bytes[at] ?? 0) ^ 0xff
  await rm(path)
  await writeFile(path, bytes)
}

const missing = /^Chunk [0-9a-f]{64} is missing\. It should be in packs\/[0-9a-f/]+\.$/

describe('a bad drill', () => {
  const damages: [what: string, damage: (path: string) => Promise<void>, sentence: RegExp][] = [
    ['with flipped bytes', flip, /^packs\/[0-9a-f/]+ cannot give chunk [0-9a-f]{64}\.$/],
    ['without its packs', (path) => rm(path), missing],
    ['with cut packs', (path) => writeFile(path, 'short'), missing],
  ]
  test.each(some(damages, 1))('of a backup %s says so, and marks the backup', async (_, damage, sentence) => {
    const one = await shop()
    const before = await copies()
    await eachPack(one.repository, damage)
    const drill = await one.engine.drills.run('latest')
    expect(drill).toMatchObject({ verdict: 'bad', recovery_seconds: null })
    expect(drill.problems[0]).toMatch(sentence)
    expect(await copies()).toEqual(before)
    const status = await one.engine.status()
    expect(status).toMatchObject({ level: 'failed', last_drill: { verdict: 'bad', problem: drill.problems[0] } })
    expect(status.last_backup?.last_verified).toMatchObject({ level: 'restore', ok: false })
  })

  /** What is stored beside the packs: whatever becomes of it, a drill says what a restore in need would meet. */
  const objects: [kind: string, damage: (path: string) => Promise<void>, told: RegExp | null][] = [
    ['backups', flip, /^1 manifest of the repository cannot be read: .*, perhaps a newer one than backup 1\.$/],
    ['backups', (path) => writeFile(path, 'short'), /^1 manifest of the repository cannot be read/],
    ['keys', flip, /^keys\/[0-9a-f]+ is a damaged key slot\.$/],
    ['keys', (path) => rm(path), /^keys\/ holds no key slot of this repository\.$/],
    // Found again in the packs, and by the key.
    ['index', flip, null],
    ['index', (path) => rm(path), null],
  ]
  test.each(some(objects, 3))('where objects of %s are damaged: %#', async (kind, damage, told) => {
    const { engine, repository, options } = await shop()
    await engine.backups.create()
    await engine.stop()
    const names = (await readdir(join(repository, kind))).sort()
    const stamps = await Promise.all(names.map(async (name) => (await stat(join(repository, kind, name))).mtimeMs))
    // Of manifests the newest alone, of all else everything.
    const newest = names[stamps.indexOf(Math.max(...stamps))]
    for (const name of kind === 'backups' ? [newest ?? ''] : names) await damage(join(repository, kind, name))
    const own = createBackupEngine({ ...options, catalog: ':memory:' })
    closers.push(() => own.stop())
    const found = await own.drills.run('latest').then(
      ({ verdict, problems }) => ({ verdict, said: problems[0] ?? '' }),
      (error: Error) => ({ verdict: 'bad', said: error.message }),
    )
    expect(found.verdict).toBe(told === null ? 'good' : 'bad')
    if (told) expect(found.said).toMatch(told)
  })

  const findings: [what: string, more: Partial<EngineOptions>, sentence: RegExp, sql?: string][] = [
    [
      'a migration fails',
      {
        migrations: [
          kyselyInspector({
            migrations: { '001_bad': { up: async () => Promise.reject(new Error('no column "paid"')) } },
          }),
        ],
      },
      /kysely: migrating the restored data failed: .*001_bad.*no column "paid"/s,
    ],
    [
      'a validator refuses',
      { validators: [{ name: 'balances', sql: 'SELECT count(*) FROM orders', expect: 1 }] },
      /^Validator "balances" refused the restored data: expected 1, found 5000\.$/,
    ],
    [
      'rows are old',
      freshness('created_at', 1),
      /^Freshness: the newest public\.orders\.created_at was 2\.0 h old .*at most 1\.0 h are expected\.$/,
    ],
    [
      'a table has no row',
      freshness('at', 1, 'later'),
      /^Freshness: public\.later\.at has no time from before the backup/,
    ],
    [
      'a column is not there',
      freshness('gone', 1),
      /^Freshness of public\.orders\.gone cannot be measured: .*does not exist/,
    ],
    [
      'a table is not there',
      freshness('at', 1, 'shop.none'),
      /^Freshness of shop\.none\.at cannot be measured: .*does not exist/,
    ],
    [
      'the database is empty',
      {},
      /^The restored database has no rows: there is nothing in this backup to recover\.$/,
      'CREATE TABLE orders (id int)',
    ],
    [
      'only the future is fresh',
      freshness('created_at', 1),
      /^Freshness: public\.orders\.created_at has no time from before/,
      "CREATE TABLE orders AS SELECT 1 AS id, now() + interval '9 years' AS created_at",
    ],
    [
      'the recovery is too slow',
      { drills: { maxRecoveryMinutes: 0.000_01 } },
      /^The recovery took 0\.\d min; the objective is 0\.00001 min\.$/,
    ],
    [
      'the backup is too old',
      { drills: { maxBackupAgeHours: 0.000_000_1 } },
      /^The newest backup is 0\.0 h old; the objective is 1e-7 h\.$/,
    ],
  ]
  let common: Promise<Shop> | undefined
  /** What is wrong there is wrong by the options: one backup serves for all of them. */
  async function commonShop(more: Partial<EngineOptions>): Promise<Shop> {
    common ??= shop()
    const { options, ...rest } = await common
    const engine = createBackupEngine({ ...options, ...more })
    closers.push(() => engine.stop())
    return { ...rest, options, engine }
  }

  test.each(some(findings, 5))('where %s', async (_, more, sentence, sql) => {
    const one = sql === undefined ? await commonShop(more) : await shop(more, sql)
    const before = await copies()
    const drill = await one.engine.drills.run('latest')
    expect(drill.verdict).toBe('bad')
    expect(drill.problems).toHaveLength(1)
    expect(drill.problems[0]).toMatch(sentence)
    expect(await copies()).toEqual(before)
    const status = await one.engine.status()
    expect(status.level).toBe('warning')
    expect(status.message).toContain(`the last drill, of backup 1, failed: ${drill.problems[0]}`)
    expect(status.last_backup?.last_verified?.ok).not.toBe(false)
  })

  test('where an index is in an order that is none', async () => {
    const [amcheck] = await cluster.sql('postgres', "SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'")
    // As after an upgrade of the library of collations: the function that compares says something else than before.
    const turned = `CREATE FUNCTION order_of(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT btint4cmp($1, $2)';
      CREATE OPERATOR CLASS turned FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 order_of(int, int);
      CREATE INDEX turned_id ON orders (id turned);
      CREATE OR REPLACE FUNCTION order_of(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT btint4cmp($2, $1)'`
    const one = await commonShop({
      validators: [
        {
          name: 'turns it',
          validate: async ({ databaseUrl }) => void (await cluster.sql(new URL(databaseUrl).pathname.slice(1), turned)),
        },
      ],
    })
    const drill = await one.engine.drills.run('latest')
    if (!amcheck) return expect(drill.notes.join()).toContain('the server does not have the extension')
    expect(drill).toMatchObject({ verdict: 'bad' })
    expect(drill.problems).toHaveLength(1)
    expect(drill.problems[0]).toMatch(
      /^Index public\.turned_id is damaged, says amcheck: .*item order invariant violated/,
    )
  })

  test('where an invariant differs', async () => {
    // True where the name of the database is the live one's.
    const sql = "SELECT current_database() LIKE 'shop%' AS live"
    const one = await shop({ invariants: [{ name: 'live', sql }] })
    const drill = await one.engine.drills.run('latest')
    expect(drill).toMatchObject({ verdict: 'bad' })
    expect(drill.problems[0]).toMatch(/^Invariant "live" was .*true.* in the backup and is .*false.* restored\.$/)
  })
})

test('without the right to create databases it could not find out', async () => {
  const one = await shop()
  await cluster.sql('postgres', "CREATE ROLE poor LOGIN PASSWORD 'poor'")
  await cluster.sql(
    one.database,
    'GRANT ALL ON DATABASE postgres TO poor; GRANT SELECT ON ALL TABLES IN SCHEMA public TO poor',
  )
  const poor = createBackupEngine({
    ...one.options,
    database: cluster.url(one.database, { name: 'poor', password: 'poor' }),
  })
  closers.push(() => poor.stop())
  const drill = await poor.drills.run('latest')
  expect(drill).toMatchObject({ verdict: 'unknown', recovery_seconds: null })
  expect(drill.problems[0]).toContain('cannot create databases')
  const status = await one.engine.status()
  expect(status).toMatchObject({ last_drill: { verdict: 'unknown' } })
  expect(status.last_backup?.last_verified).toBeNull()
})

test('a drill by schedule or in the background is a job, and channels are told', async () => {
  const told: { type: string; title: string; facts: Record<string, unknown> }[] = []
  const channel = {
    kind: 'custom' as const,
    name: 'list',
    send: (event: (typeof told)[number]) => void told.push(event),
  }
  const one = await shop({
    validators: [{ name: 'never', sql: 'SELECT 1', expect: 2 }],
    notifications: { channels: [channel], rules: [{ on: ['drill.*'], to: ['list'] }] },
  })
  const saved = await one.engine.schedules.save('weekly-drill', { kind: 'drill', cron: '0 4 * * 0' })
  expect(saved).toMatchObject({ kind: 'drill', enabled: true })
  await one.engine.start()
  const { task_id } = await one.engine.tasks.start('drills.run', { backup: 'latest' })
  for await (const update of one.engine.tasks.watch(task_id)) void update
  expect(await one.engine.tasks.get(task_id)).toMatchObject({
    kind: 'drill',
    status: 'failed',
    error: { code: 'drill_failed' },
  })
  while (told.length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(told).toMatchObject([
    { type: 'drill.failed', title: 'Drill of "default" failed', facts: { code: 'drill_failed' } },
  ])
})

test('the command runs drills, lists them, and status shows the last one', async () => {
  const one = await shop()
  const key = join(folder, 'key')
  await writeFile(key, Buffer.alloc(32, 7))
  const where = ['--repository', one.repository, '--key-file', key, '--database-url', String(one.options.database)]
  const good = await runCli(['drill', ...where], { cwd: folder })
  expect(good.stdout).toMatch(/^Drill of backup 1: good\. Recovered in /)
  expect(good.stdout).toContain('✓ 5,000 rows in 2 tables restored and counted')
  expect(good.code).toBe(0)
  const listed = await runCli(['drills', ...where, '--json'], { cwd: folder })
  expect(listed.json()).toMatchObject({ drills: [{ verdict: 'good', number: 1 }] })
  const status = await runCli(['status', ...where], { cwd: folder })
  expect(status.stdout).toMatch(/ The last drill \(backup 1, .*\): good, recovered in .*\.\n$/)
  await eachPack(one.repository, (path) => rm(path))
  const bad = await runCli(['drill', ...where], { cwd: folder })
  expect(bad.code).toBe(1)
  expect(bad.stdout).toMatch(/^Drill of backup 1: failed\.\n✗ Chunk [0-9a-f]{64} is missing/)
})
