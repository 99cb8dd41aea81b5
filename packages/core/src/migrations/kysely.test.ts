import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { kyselyInspector } from '../inspectors.ts'
import type { Query } from '../postgres/query.ts'
import { startStopwatch } from '../testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { compareMigrations } from './compare.ts'

let cluster: TemporaryCluster
let databaseUrl: string
let client: Client
let databases = 0
const lines: string[] = []
const run = () => ({ databaseUrl, signal: new AbortController().signal, log: (line: string) => lines.push(line) })
const query: Query = async <Row>(text: string, values?: readonly unknown[]) =>
  (await client.query(text, values ? [...values] : undefined)).rows as Row[]

beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())
beforeEach(async () => {
  lines.length = 0
  databaseUrl = await cluster.createDatabase(`kysely_${databases++}`)
  client = new Client({ connectionString: databaseUrl })
  await client.connect()
  return () => client.end()
})

const step = (up: string, down?: string): Migration => ({
  up: async (database) => void (await sql.raw(up).execute(database)),
  ...(down === undefined ? {} : { down: async (database) => void (await sql.raw(down).execute(database)) }),
})
const first = { '001_orders': step('CREATE TABLE orders (id int)', 'DROP TABLE orders') }
const second = {
  ...first,
  '002_paid': step('ALTER TABLE orders ADD paid boolean', 'ALTER TABLE orders DROP paid'),
}

test('an empty database has no history; migrating gives it the one the code knows', async () => {
  const inspector = kyselyInspector({ migrations: second })
  expect(await inspector.applied(query)).toEqual([])
  await inspector.migrate!(run())
  const [applied, known] = [await inspector.applied(query), await inspector.known()]
  expect(known).toEqual([
    { id: '001_orders', hasDown: true },
    { id: '002_paid', hasDown: true },
  ])
  expect(applied?.map(({ id }) => id)).toEqual(['001_orders', '002_paid'])
  expect(Date.parse(applied![0]!.appliedAt!)).toBeGreaterThan(Date.now() - 60_000)
  expect(lines).toEqual(['Migration 001_orders', 'Migration 002_paid'])
  expect(inspector.ledgerTables).toEqual(['public.kysely_migration', 'public.kysely_migration_lock'])
})

test('behind, migrated up to a name, ahead, and back again', async () => {
  const inspector = kyselyInspector({ migrations: second })
  await inspector.migrate!({ ...run(), to: '001_orders' })
  const verdict = async (migrations: Record<string, Migration>) =>
    compareMigrations({
      applied: await inspector.applied(query),
      known: await kyselyInspector({ migrations }).known(),
    }).verdict
  expect(await verdict(second)).toBe('behind')
  await inspector.migrate!(run())
  expect(await verdict(second)).toBe('same')
  expect(await verdict(first)).toBe('ahead')
  await inspector.rollback!({ ...run(), to: '001_orders' })
  expect(await query('SELECT * FROM orders')).toEqual([])
  expect(await verdict(first)).toBe('same')
  await inspector.rollback!({ ...run(), to: null })
  expect(await inspector.applied(query)).toEqual([])
})

test('a history in which time and name disagree is read in the order of time', async () => {
  const inspector = kyselyInspector({ migrations: second, allowUnordered: true })
  await kyselyInspector({ migrations: { '002_paid': step('CREATE TABLE orders (paid boolean)') } }).migrate!(run())
  await kyselyInspector({ migrations: { ...second, '001_orders': step('SELECT 1') }, allowUnordered: true }).migrate!(
    run(),
  )
  expect((await inspector.applied(query))?.map(({ id }) => id)).toEqual(['002_paid', '001_orders'])
})

test('a failing migration is named and leaves nothing behind', async () => {
  const migrations = { ...second, '003_broken': step('ALTER TABLE nowhere ADD x int') }
  await expect(kyselyInspector({ migrations }).migrate!(run())).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: 'Migration 003_broken failed: relation "nowhere" does not exist',
    detail: { inspector: 'kysely', migration: '003_broken' },
  })
  expect(await kyselyInspector({ migrations }).applied(query)).toEqual([])
  expect(await query(`SELECT to_regclass('orders') AS orders`)).toEqual([{ orders: null }])
})

test('a migration without a way back fails a rollback instead of being passed over', async () => {
  const inspector = kyselyInspector({ migrations: { '001_only': step('CREATE TABLE lonely (id int)') } })
  await inspector.migrate!(run())
  await expect(inspector.rollback!({ ...run(), to: null })).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: 'kysely: nothing was reverted: 001_only has no down step.',
  })
})

test('an abort ends the statement on the server within 5 s, and no connection is left', async () => {
  const controller = new AbortController()
  const inspector = kyselyInspector({ migrations: { '001_slow': step('SELECT pg_sleep(600)') } })
  const working = inspector.migrate!({ ...run(), signal: controller.signal })
  const others = `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'lifeboat: migrate%'`
  await expect.poll(() => query(`${others} AND query LIKE '%pg_sleep%'`)).toHaveLength(1)
  const stopwatch = startStopwatch()
  controller.abort(new Error('stop'))
  await expect(working).rejects.toMatchObject({ code: 'ABORTED' })
  expect(stopwatch.milliseconds()).toBeLessThan(5000)
  await expect.poll(() => query(others)).toEqual([])
})

test('nothing begins once the signal has fired', async () => {
  await expect(
    kyselyInspector({ migrations: first }).migrate!({ ...run(), signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ code: 'ABORTED' })
  expect(await query(`SELECT to_regclass('orders') AS orders`)).toEqual([{ orders: null }])
})

test('tables and schema with hostile names', async () => {
  const options = { schema: `o'dd "schema"`, table: `his"tory'; --`, lockTable: 'lo ck' }
  const inspector = kyselyInspector({ migrations: first, ...options })
  expect(await inspector.applied(query)).toEqual([])
  await inspector.migrate!(run())
  expect(await inspector.applied(query)).toMatchObject([{ id: '001_orders' }])
})

test("a migrator of the host's own", async () => {
  const inspector = kyselyInspector({
    migrations: first,
    table: 'own_history',
    migrator: (db, provider) => new Migrator({ db, provider, migrationTableName: 'own_history' }),
  })
  await inspector.migrate!(run())
  expect(await inspector.applied(query)).toMatchObject([{ id: '001_orders' }])
})

test('a folder: names from files, and a hash of each source', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'migrations-'))
  try {
    const source = `export const up = async (db) => { await db.schema.createTable('fromfile').execute() }\n`
    await writeFile(join(folder, '2026_first.mjs'), source)
    await writeFile(join(folder, 'notes.txt'), 'not a migration')
    const inspector = kyselyInspector({ migrations: folder })
    const known = await inspector.known()
    expect(known).toEqual([{ id: '2026_first', sourceHash: expect.stringMatching(/^[0-9a-f]{64}$/), hasDown: false }])
    await inspector.migrate!(run())
    expect(await query('SELECT * FROM fromfile')).toEqual([])
    await expect(kyselyInspector({ migrations: join(folder, 'missing') }).known()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the ledger is read under the transaction that asks, without harming it', async () => {
  const inspector = kyselyInspector({ migrations: second })
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
  expect(await inspector.applied(query)).toEqual([])
  await inspector.migrate!(run())
  expect(await inspector.applied(query)).toEqual([])
  await client.query('COMMIT')
  expect(await inspector.applied(query)).toHaveLength(2)
})
