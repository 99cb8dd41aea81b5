import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EngineOptions } from '../../packages/core/src/config.ts'
import { type BackupEngine, createBackupEngine } from '../../packages/core/src/engine.ts'
import {
  drizzleInspector,
  knexInspector,
  ledgerPreset,
  prismaInspector,
  umzugInspector,
} from '../../packages/core/src/inspectors.ts'
import { compareWith, type MigrationComparison } from '../../packages/core/src/migrations/compare.ts'
import { describeMigrations } from '../../packages/core/src/migrations/describe.ts'
import type { MigrationInspector } from '../../packages/core/src/migrations/inspector.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'

/** What went wrong for others, in the public, each with what would have helped them. */
let cluster: TemporaryCluster
let root: string
let count = 0
const engines: BackupEngine[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  root = await mkdtemp(join(tmpdir(), 'lifeboat-public-'))
})
afterAll(async () => {
  for (const engine of engines) await engine.stop()
  await cluster?.stop()
  await rm(root, { recursive: true, force: true })
})

/** A database in which SQL ran. */
async function databaseWith(sql: string): Promise<string> {
  const name = `case_${++count}`
  await cluster.createDatabase(name)
  await cluster.sql(name, sql)
  return name
}

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = join(root, `files_${++count}`)
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

async function compare(database: string, inspector: MigrationInspector): Promise<MigrationComparison> {
  const applied = await inspector.applied((text, values) =>
    cluster.sql(database, text, values ? [...values] : undefined),
  )
  return compareWith(inspector, applied, await inspector.known())
}

async function engineOf(database: string, migrations: MigrationInspector[], more: Partial<EngineOptions> = {}) {
  const engine = createBackupEngine({
    ...{ database: cluster.url(database), repository: join(root, `${database}_repository`), encryption: 'none' },
    migrations,
    ...more,
  })
  engines.push(engine)
  await engine.repository.init({ ifMissing: true })
  return engine
}

const rows = (ids: readonly string[]) => ids.map((id) => `('${id}')`).join(', ')
const knex = {
  ledger: (ids: readonly string[]) =>
    `CREATE TABLE knex_migrations (id serial PRIMARY KEY, name text, batch int, migration_time timestamptz); INSERT INTO knex_migrations (name) VALUES ${rows(ids)}`,
  code: async (ids: readonly string[]) =>
    knexInspector({ migrations: await folderOf(Object.fromEntries(ids.map((id) => [id, 'exports.up = () => {}']))) }),
}
const umzug = {
  ledger: (ids: readonly string[]) =>
    `CREATE TABLE "SequelizeMeta" (name text PRIMARY KEY); INSERT INTO "SequelizeMeta" VALUES ${rows(ids)}`,
  code: (ids: readonly string[]) =>
    umzugInspector({ migrations: ids.map((name) => ({ name })), open: () => Promise.reject(new Error('not here')) }),
}
const drizzle = {
  ledger: (times: readonly number[]) =>
    `CREATE SCHEMA drizzle; CREATE TABLE drizzle.__drizzle_migrations (id serial PRIMARY KEY, hash text, created_at bigint); INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ${times.map((when) => `('${sha(`SELECT ${when}`)}', ${when})`).join(', ')}`,
  async code(times: readonly number[]) {
    const entries = times.map((when, idx) => ({ idx, version: '7', when, tag: `${idx}_step`, breakpoints: true }))
    const files = Object.fromEntries(times.map((when, idx) => [`${idx}_step.sql`, `SELECT ${when}`]))
    const journal = JSON.stringify({ version: '7', dialect: 'postgresql', entries })
    return drizzleInspector({ migrations: await folderOf({ ...files, 'meta/_journal.json': journal }) })
  },
}
const sha = (text: string) => createHash('sha256').update(text).digest('hex')

describe('what the migrations table and the code say', () => {
  test('prisma/orm#8124, #8079: a dump in a new database without its table of migrations, which the tool wants to reset', async () => {
    const database = await databaseWith('CREATE TABLE users (id int)')
    const code = prismaInspector({ migrations: await folderOf({ '1_a/migration.sql': 'SELECT 1' }) })
    const found = await compare(database, code)
    expect(found.verdict).toBe('unknown')
    expect(describeMigrations(found).advice).toMatch(/baseline/)
  })

  test.each([
    ['prisma/orm#16927, #15328: failed, resolved, repaired and run', ['x:rolled back', 'SELECT 1'], 'SELECT 1', []],
    ['prisma/orm#14461: other line ends on Windows', ['SELECT 1;\r\nSELECT 2;\r\n'], 'SELECT 1;\nSELECT 2;\n', ['1_a']],
  ])('%s', async (_, texts, file, restyled) => {
    const database = await databaseWith(
      'CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY DEFAULT gen_random_uuid()::text, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT clock_timestamp(), applied_steps_count int NOT NULL DEFAULT 0)',
    )
    for (const text of texts) {
      const [sql = '', isBack] = text.split(':')
      await cluster.sql(
        database,
        `INSERT INTO _prisma_migrations (checksum, migration_name, finished_at, rolled_back_at) VALUES ($1, '1_a', $2, $3)`,
        [sha(sql), isBack ? null : new Date(), isBack ? new Date() : null],
      )
    }
    const code = prismaInspector({ migrations: await folderOf({ '1_a/migration.sql': file }) })
    expect(await compare(database, code)).toMatchObject({ verdict: 'same', edited: [], failed: [], restyled })
  })

  test('drizzle-team/drizzle-orm#5316, #5769: the migration of a merged branch is older, and never run', async () => {
    const database = await databaseWith(drizzle.ledger([1000, 3000]))
    const found = await compare(database, await drizzle.code([1000, 2000, 3000]))
    expect(found).toMatchObject({ verdict: 'diverged', missing: ['2000'], gaps: ['2000'], extra: [] })
  })

  test('anomalyco/opencode#16026: a development build has left its migration inside', async () => {
    const database = await databaseWith(drizzle.ledger([1000, 1500, 2000]))
    const found = await compare(database, await drizzle.code([1000, 2000, 3000]))
    expect(found).toMatchObject({ verdict: 'diverged', extra: ['1500'], missing: ['3000'] })
    expect(await compare(database, await drizzle.code([1000, 2000]))).toMatchObject({ verdict: 'diverged' })
  })

  test('knex/knex#5177, #5383; WatWowMap/ReactMap#352: rows of another branch, or of another project', async () => {
    const database = await databaseWith(knex.ledger(['01_a.js', '02_b.js', '03_branch.js']))
    const ahead = await compare(database, await knex.code(['01_a.js', '02_b.js']))
    expect(ahead).toMatchObject({ verdict: 'ahead', extra: ['03_branch.js'], foreign: false })
    expect(describeMigrations(ahead, 'The database').text).toContain('03_branch.js')
    const other = await compare(database, await knex.code(['20_mine.js', '21_mine.js']))
    expect(other).toMatchObject({ verdict: 'diverged', foreign: true })
    expect(describeMigrations(other).text).toMatch(/another application/)
  })

  test('sequelize/sequelize#1791: the later branch has the earlier date', async () => {
    const database = await databaseWith(umzug.ledger(['01-a.js', '03-c.js']))
    const found = await compare(database, umzug.code(['01-a.js', '02-b.js', '03-c.js']))
    expect(found).toMatchObject({ verdict: 'behind', missing: ['02-b.js'], gaps: ['02-b.js'] })
  })

  test('F43nd1r/Acrarium#160: the change log lacks rows of a history that was rewritten', async () => {
    const database = await databaseWith(
      `CREATE TABLE databasechangelog (id text, author text, filename text, dateexecuted timestamp, orderexecuted int, exectype text, md5sum text);
       INSERT INTO databasechangelog SELECT n::text, 'ann', 'db/old.xml', '2026-01-01', n, 'EXECUTED', 'x' FROM generate_series(1, 3) n`,
    )
    const known = ['db/new.xml::1::ann', 'db/new.xml::2::ann'].map((id) => ({ id }))
    const rewritten = { known: async () => known }
    expect(await compare(database, { ...ledgerPreset('liquibase'), ...rewritten })).toMatchObject({
      ...{ verdict: 'diverged', foreign: true, missing: known.map(({ id }) => id) },
    })
    const retired = [1, 2, 3].map((n) => `db/old.xml::${n}::ann`)
    expect(await compare(database, { ...ledgerPreset('liquibase', { retired }), ...rewritten })).toMatchObject({
      ...{ verdict: 'behind', extra: [], retired },
    })
  })
})

describe('what only a backup tool can see', () => {
  test('Runfusion/Fusion#3551: a migrations table outside of what is backed up is refused', async () => {
    const database = await databaseWith(`${knex.ledger(['01_a.js'])}; CREATE SCHEMA fusion CREATE TABLE tasks (id int)`)
    const engine = await engineOf(database, [await knex.code(['01_a.js'])], { exclude: { schemas: ['public'] } })
    await expect(engine.backups.create()).rejects.toMatchObject({
      code: 'LEDGER_EXCLUDED',
      detail: { inspector: 'knex', table: 'public.knex_migrations' },
    })
    expect((await engine.backups.list()).backups).toEqual([])
  })

  test('sequelize/sequelize#3020, #2456: the schema was made anew by sync, the migrations table kept', async () => {
    const schema = "CREATE TABLE orders (id int PRIMARY KEY, status text DEFAULT 'new')"
    const database = await databaseWith(`${umzug.ledger(['01-a.js'])}; ${schema}`)
    const engine = await engineOf(database, [umzug.code(['01-a.js'])])
    const tuesday = await engine.backups.create()
    await engine.backups.create({ type: 'full' })
    const noteOf = async (id: string) =>
      (await engine.restores.plan(id, {})).warnings.find(({ code }) => code === 'SCHEMA_UNRECORDED')?.text
    expect(await noteOf('2')).toBeUndefined()

    // Owners, and partitions that come with each month, say nothing of migrations.
    await cluster.sql(database, 'CREATE ROLE sync_owner; ALTER TABLE orders OWNER TO sync_owner')
    await engine.backups.create()
    expect(await noteOf('3')).toBeUndefined()

    await cluster.sql(
      database,
      `DROP TABLE orders; CREATE TABLE orders (id int PRIMARY KEY, status text DEFAULT 'open')`,
    )
    await engine.backups.create()
    const plan = await engine.restores.plan('4', {})
    expect(plan.migrations).toMatchObject([{ comparison: { verdict: 'same' } }])
    expect(await noteOf('4')).toMatch(
      /^The migrations table says the same as in backup 3 of .*, the schema does not: public\.orders: column status\b/,
    )
    expect(await noteOf(tuesday.id)).toBeUndefined()

    // Where a migration says so, it is no surprise.
    await cluster.sql(database, `INSERT INTO "SequelizeMeta" VALUES ('02-b.js')`)
    await engine.backups.create()
    expect(await noteOf('5')).toBeUndefined()
  })

  test('a partition that comes with its month is no change that a migration lacks', async () => {
    const database = await databaseWith(
      `${umzug.ledger(['01-a.js'])}; CREATE TABLE events (at date NOT NULL, what text) PARTITION BY RANGE (at); CREATE INDEX ON events (at);
       CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')`,
    )
    const engine = await engineOf(database, [umzug.code(['01-a.js'])])
    await engine.backups.create()
    await cluster.sql(
      database,
      `CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01'); DROP TABLE events_1`,
    )
    await engine.backups.create()
    const { warnings } = await engine.restores.plan('2', {})
    expect(warnings.filter(({ code }) => code === 'SCHEMA_UNRECORDED')).toEqual([])
  })

  test('coder/coder#23466; db-migrate/node-db-migrate#617: the database is ahead, and carries its own way back', async () => {
    const step = (down: string) => `-- migrate:up\nSELECT 1;\n-- migrate:down\n${down}\n`
    const next = await folderOf({ '01_a.sql': step('DROP TABLE a;'), '02_b.sql': step('DROP TABLE b;') })
    const previous = await folderOf({ '01_a.sql': step('DROP TABLE a;') })
    const database = await databaseWith(
      `CREATE TABLE schema_migrations (version text PRIMARY KEY); INSERT INTO schema_migrations VALUES ('01'), ('02'); CREATE TABLE a (); CREATE TABLE b ()`,
    )
    await (await engineOf(database, [ledgerPreset('dbmate', { migrations: next })])).backups.create()
    const plan = await (await engineOf(database, [ledgerPreset('dbmate', { migrations: previous })])).restores.plan(
      '1',
      {},
    )
    expect(plan.migrations).toMatchObject([{ comparison: { verdict: 'ahead', extra: ['02'] } }])
    expect(plan.refusals).toMatchObject([{ code: 'BACKUP_AHEAD' }])
    expect(plan.carried?.steps).toMatchObject([{ id: '02', sql: expect.stringContaining('DROP TABLE b') }])
  })
})
