import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'

import { afterAll, beforeAll, expect, test } from 'vitest'
import { findClientTools } from '../../packages/core/src/postgres/client-tools.ts'
import { openCatalog } from './writers.ts'

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
const change = { by: 'test', at: '2026-01-01T00:00:00.000Z' }

async function newShop(options: Partial<EngineOptions> = {}) {
  const database = `shop_${++databases}`
  const url = await cluster.createDatabase(database)
  await cluster.sql(
    database,
    `CREATE TABLE orders (id int PRIMARY KEY, note text);
     INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 5000) n`,
  )
  const engine = createBackupEngine({
    database: url,
    repository: join(folder, database),
    encryption: 'none',
    catalog: { schema: 'engine_room' },
    ...options,
  })
  await engine.repository.init()
  await engine.config.change({ max_backups: 7 })
  const setting = `SELECT value FROM engine_room.configuration WHERE name = 'max_backups'`
  return {
    ...{ database, url, engine },
    /** What the database's catalog says, null where there is none. */
    setting: async (name = database) => {
      const [there] = await cluster.sql<{ there: string | null }>(
        name,
        `SELECT to_regclass('engine_room.jobs') AS there`,
      )
      return there?.there ? cluster.sql(name, setting) : null
    },
  }
}

const seven = [{ value: '7' }]

test('a backup has neither rows nor definitions of it, nor counts them; details name it', async () => {
  const { database, engine, setting } = await newShop()
  const first = await engine.backups.create({ name: 'one' })
  const details = await engine.backups.details(first.id)
  expect(details.tables.map(({ table }) => table)).toEqual(['public.orders'])
  expect(details).toMatchObject({ catalog_schemas: ['engine_room'], table_count: 1, row_count: 5000 })

  // What an engine writes about a backup is no reason to read anything again.
  await engine.config.change({ max_backups: 8 })
  await engine.config.change({ max_backups: 7 })
  const second = await engine.backups.create({ name: 'two' })
  const again = await engine.backups.details(second.id)
  expect(again.change?.segments_read).toBe(0)
  expect(again.tables.map(({ change: how }) => how?.kind)).toEqual(['unchanged'])
  expect((await engine.backups.verify('latest', { levels: ['checksums'] })).ok).toBe(true)

  const file = join(folder, 'out.dump')
  await engine.backups.export('latest', { file })
  const { pgRestore } = await findClientTools(cluster.majorVersion)
  const { stdout } = await promisify(execFile)(pgRestore, ['--list', file])
  expect(stdout).toMatch(/TABLE DATA public orders/)
  expect(stdout).not.toMatch(/engine_room|catalog_carry/)

  // Restored beside: no catalog there; the live one's is as it was.
  await engine.restores.run('latest', { confirm: true, strategy: 'new-database', targetDatabase: `${database}_new` })
  expect(await setting(`${database}_new`)).toBeNull()
  expect(await setting()).toEqual(seven)
  await engine.stop()
})

test('in place, the catalog is not touched, and goes on being written meanwhile', async () => {
  const { database, url, engine, setting } = await newShop()
  await engine.backups.create({ name: 'one' })
  await cluster.sql(database, 'DELETE FROM orders; CREATE TABLE wreck (a int)')
  const catalog = await openCatalog(url, { schema: 'engine_room' })
  const [{ oid } = {}] = await cluster.sql(database, `SELECT 'engine_room.jobs'::regclass::oid AS oid`)
  let going = true
  let writes = 0
  const writing = (async () => {
    for (; going; writes++) await catalog.configuration.write({ n: writes }, change)
  })()
  const plan = await engine.restores.plan('latest', { strategy: 'in-place', safetyBackup: false })
  expect(plan.steps.map(({ id }) => id)).not.toContain('carry-catalog')
  await engine.restores.run('latest', { confirm: true, strategy: 'in-place', safetyBackup: false })
  going = false
  await writing
  expect(await catalog.configuration.read()).toEqual({ max_backups: 7, n: writes - 1 })
  expect(await cluster.sql(database, `SELECT 'engine_room.jobs'::regclass::oid AS oid`)).toEqual([{ oid }])
  expect(await setting()).toEqual(seven)
  expect(await cluster.sql(database, `SELECT count(*)::int AS n, to_regclass('wreck') AS wreck FROM orders`)).toEqual([
    { n: 5000, wreck: null },
  ])
  await catalog.close()
  await engine.stop()
})

test('who owns it and who may read it goes along; what backups noted of the database does not', async () => {
  const { database, url, engine, setting } = await newShop()
  await cluster.sql(
    database,
    `CREATE ROLE catalog_owner; CREATE ROLE looker;
     ALTER SCHEMA engine_room OWNER TO catalog_owner; ALTER TABLE engine_room.jobs OWNER TO catalog_owner;
     ALTER TABLE engine_room.configuration OWNER TO catalog_owner;
     GRANT USAGE ON SCHEMA engine_room TO looker; GRANT SELECT, INSERT ON engine_room.jobs TO looker WITH GRANT OPTION;
     GRANT SELECT ON engine_room.configuration TO PUBLIC`,
  )
  const definitions = async (name: string) =>
    cluster.sql(
      name,
      `SELECT 'schema' AS kind, nspowner::regrole::text || nspacl::text || obj_description(oid) AS text
         FROM pg_namespace WHERE nspname = 'engine_room'
       UNION ALL SELECT 'table', concat(relname, relkind, relowner::regrole) || COALESCE(relacl::text, '')
         FROM pg_class WHERE relnamespace = 'engine_room'::regnamespace AND relkind <> 't'
       UNION ALL SELECT 'column', a.attrelid::regclass || a.attname || format_type(a.atttypid, a.atttypmod) || a.attnotnull::text
           || COALESCE(pg_get_expr(d.adbin, d.adrelid), '')
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE c.relnamespace = 'engine_room'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
       UNION ALL SELECT 'index', indexdef FROM pg_indexes WHERE schemaname = 'engine_room'
       UNION ALL SELECT 'constraint', conrelid::regclass || conname || pg_get_constraintdef(oid) FROM pg_constraint
         WHERE connamespace = 'engine_room'::regnamespace ORDER BY 1, 2`,
    )
  const before = await definitions(database)
  expect(before.length).toBeGreaterThan(60)
  await engine.backups.create({ name: 'one' })
  const { kept_database: kept } = await engine.restores.run('latest', { confirm: true, safetyBackup: false })
  expect(await definitions(database)).toEqual(before)
  expect(await setting()).toEqual(seven)
  expect(await cluster.sql(database, `SELECT to_regclass('lifeboat.marker') AS marker`)).toEqual([{ marker: null }])
  expect(await cluster.sql(kept ?? '', `SELECT to_regclass('lifeboat.marker')::text AS marker`)).toEqual([
    { marker: 'lifeboat.marker' },
  ])
  // And again in the other direction, where there is one already.
  const catalog = await openCatalog(url, { schema: 'engine_room' })
  await catalog.configuration.write({ max_backups: 9 }, change)
  await engine.restores.undo('latest')
  expect(await definitions(database)).toEqual(before)
  expect(await setting()).toEqual([{ value: '9' }])
  expect(await cluster.sql(database, `SELECT to_regclass('lifeboat.marker')::text AS marker`)).toEqual([
    { marker: 'lifeboat.marker' },
  ])
  await catalog.configuration.write({ max_backups: 10 }, change)
  expect(await setting()).toEqual([{ value: '10' }])
  await catalog.close()
  await engine.stop()
})

test('the role of the application is enough, where it may create databases', async () => {
  await cluster.sql('postgres', `CREATE ROLE app LOGIN CREATEDB PASSWORD 'app'`)
  await cluster.createDatabase('apps', { owner: 'app' })
  await cluster.sql('postgres', 'GRANT pg_signal_backend TO app')
  const url = cluster.url('apps', { name: 'app', password: 'app' })
  const options = { database: url, repository: join(folder, 'apps'), encryption: 'none' } as const
  const engine = createBackupEngine({ ...options, catalog: 'schema:lifeboat' })
  await engine.repository.init()
  await engine.config.change({ max_backups: 7 })
  await engine.backups.create({ name: 'one' })
  const plan = await engine.restores.plan('latest', { safetyBackup: false })
  expect(plan.refusals).toEqual([])
  expect(plan.steps.map(({ id }) => id)).toContain('carry-catalog')
  await engine.restores.run('latest', { confirm: true, safetyBackup: false })
  expect((await engine.config.read()).max_backups).toBe(7)
  await engine.config.change({ max_backups: 8 })
  await engine.restores.undo('latest')
  expect((await engine.config.read()).max_backups).toBe(8)
  expect((await engine.audit.list()).chain.broken_at).toBeNull()
  await engine.stop()
})

test("a backup with an application's schema of that name is not swapped in over it", async () => {
  const { database, url, engine, setting } = await newShop({ catalog: ':memory:' })
  await cluster.sql(database, 'CREATE SCHEMA engine_room; CREATE TABLE engine_room.boilers (id int)')
  await engine.backups.create({ name: 'one' })
  await cluster.sql(database, 'DROP SCHEMA engine_room CASCADE; DELETE FROM orders WHERE id > 10')
  const catalog = await openCatalog(url, { schema: 'engine_room' })
  await catalog.configuration.write({ max_backups: 7 }, change)
  await expect(engine.restores.run('latest', { confirm: true, safetyBackup: false })).rejects.toMatchObject({
    code: 'RESTORE_FAILED',
    message: expect.stringContaining('engine_room'),
  })
  expect(await setting()).toEqual(seven)
  expect(await cluster.sql(database, 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 10 }])
  await catalog.configuration.write({ max_backups: 8 }, change)
  await catalog.close()
  await engine.stop()
})

test('a schema of the application is refused as the place of the catalog; a URL to the same database asks for the word', async () => {
  const { url, engine } = await newShop()
  await engine.stop()
  const options = { database: url, repository: join(folder, 'none'), encryption: 'none' } as const
  await cluster.sql(`shop_${databases}`, 'CREATE SCHEMA crew; CREATE TABLE crew.members (id int)')
  const refused = createBackupEngine({ ...options, catalog: 'schema:crew' })
  await expect(refused.config.read()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    detail: { schema: 'crew', objects: ['members'] },
  })
  await refused.stop()
  const same = createBackupEngine({ ...options, catalog: url })
  await expect(same.config.read()).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    advice: expect.stringContaining('schema:lifeboat'),
  })
  await same.stop()
  const schemas = ['schema:public', 'schema:pg_mine', 'schema:Mine', 'schema:', { schema: 'a"b' }]
  // A file of that name would be made in the folder where the program happens to run.
  for (const catalog of [...schemas, 'sqlite:/srv/catalog.sqlite', 'mysql://localhost/app', 'file:catalog'])
    expect(() => createBackupEngine({ ...options, catalog })).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('catalog') }),
    )
})

test('with several databases it lies in the one that is named; a lost one is rebuilt by adopt', async () => {
  const [one, two] = ['first', 'second']
  const databasesByLabel = { one: await cluster.createDatabase(one), two: await cluster.createDatabase(two) }
  const options = { repository: join(folder, 'several'), encryption: 'none', databases: databasesByLabel } as const
  const unclear = createBackupEngine({ ...options, catalog: 'schema:lifeboat' })
  await expect(unclear.config.read()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  await unclear.stop()
  const engine = createBackupEngine({ ...options, catalog: { schema: 'lifeboat', database: 'two' } })
  await engine.repository.init()
  await engine.config.change({ max_backups: 7 })
  await engine.backups.create({ name: 'one', database: 'two' })
  await engine.restores.run('latest', { database: 'two', confirm: true, safetyBackup: false })
  expect((await engine.config.read()).max_backups).toBe(7)
  await engine.stop()
  await cluster.sql(two, 'DROP SCHEMA lifeboat CASCADE')
  const fresh = createBackupEngine({ ...options, catalog: { schema: 'lifeboat', database: 'two' } })
  expect(await fresh.adopt()).toMatchObject({ backups: 1 })
  expect((await fresh.restores.list()).rows).toHaveLength(1)
  await fresh.stop()
})
