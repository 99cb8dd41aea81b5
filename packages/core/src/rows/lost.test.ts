import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testContext, testOptions } from '../backup/backup-fixture.ts'
import { runBackup } from '../backup/run-backup.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { measureLoss } from './lost.ts'
import { readLostRows } from './lost-rows.ts'
import { mostTables, restoreLoss } from './restore-loss.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { autovacuum: 'off' } })
})
afterAll(() => cluster?.stop())

async function backedUp(name: string, sql: string) {
  await cluster.createDatabase(name)
  await cluster.sql(name, sql)
  const context = await testContext(cluster.url(name))
  const { manifest } = await runBackup(context, testOptions())
  return { context, id: manifest.id }
}

const orders = `
  CREATE TABLE orders (id int PRIMARY KEY, total numeric, note text);
  INSERT INTO orders SELECT i, i * 1.10, repeat('x', 200) || E'\\t' || i FROM generate_series(1, 20000) i;
  CREATE TABLE customers (id int PRIMARY KEY, name text);
  INSERT INTO customers SELECT i, 'c' || i FROM generate_series(1, 500) i;
  CREATE TABLE "Log "" entries" (at timestamptz, what text);
  INSERT INTO "Log "" entries" SELECT now(), 'x' FROM generate_series(1, 10);`

test('nothing changed: nothing would be lost', async () => {
  const { context, id } = await backedUp('same', orders)
  const loss = await measureLoss(context, id)
  expect(loss).toMatchObject({ tables: [], unchanged: 3, added_or_changed: 0, changed_or_deleted: 0, made: [] })
})

test('rows added, changed and deleted are counted by one scan, and shown with old and new values', async () => {
  const { context, id } = await backedUp('changed', orders)
  await cluster.sql(
    'changed',
    `UPDATE orders SET total = 0 WHERE id % 1000 = 0; DELETE FROM orders WHERE id <= 5;
     INSERT INTO orders VALUES (30001, 5, NULL), (30002, 6, E'a\\nb'); INSERT INTO "Log "" entries" VALUES (now(), 'x');
     CREATE TABLE later (x int)`,
  )
  const loss = await measureLoss(context, id)
  expect(loss.tables).toEqual([
    {
      table: 'orders',
      rows_then: 20_000,
      rows_now: 19_997,
      added_or_changed: 22,
      changed_or_deleted: 25,
      reason: null,
    },
    { table: 'Log " entries', rows_then: 10, rows_now: 11, added_or_changed: 1, changed_or_deleted: 0, reason: null },
  ])
  expect(loss).toMatchObject({ unchanged: 1, made: [{ table: 'later' }], not_comparable: null })

  const lost = await readLostRows(context, { backupId: id, table: 'orders', limit: 27 })
  expect(lost).toMatchObject({ key: ['id'], counts: { inserted: 2, updated: 20, deleted: 5, touched: 0 }, more: 0 })
  expect(lost.rows).toHaveLength(27)
  const updated = lost.rows.find(({ before }) => before?.id === '3000')
  expect(updated).toEqual({
    kind: 'updated',
    before: { id: '3000', total: '3300.00', note: `${'x'.repeat(200)}\t3000` },
    now: { id: '3000', total: '0', note: `${'x'.repeat(200)}\t3000` },
  })
  expect(lost.rows.filter(({ kind }) => kind === 'inserted').map(({ now }) => now)).toEqual([
    { id: '30001', total: '5', note: null },
    { id: '30002', total: '6', note: 'a\nb' },
  ])
  const page = await readLostRows(context, { backupId: id, table: 'public.orders', limit: 10, offset: 20 })
  expect([page.rows.length, page.more]).toEqual([7, 0])
  const log = await readLostRows(context, { backupId: id, table: 'Log " entries' })
  expect(log).toMatchObject({ key: [], counts: { inserted: 1, updated: 0, deleted: 0 } })
})

test('a table that was rewritten is named with the reason, not counted', async () => {
  const { context, id } = await backedUp('rewritten', orders)
  await cluster.sql('rewritten', 'TRUNCATE customers; ALTER TABLE orders ADD COLUMN x int')
  const loss = await measureLoss(context, id)
  expect(loss.tables).toEqual([
    expect.objectContaining({ table: 'customers', reason: 'relfilenode changed', rows_now: null }),
    expect.objectContaining({ table: 'orders', reason: 'columns or types changed', rows_now: null }),
  ])
})

test('for a plan: counted, or why not, and never an error but that of the caller', async () => {
  const { context, id } = await backedUp('planned', orders)
  await cluster.sql(
    'planned',
    `INSERT INTO orders VALUES (30001, 5, NULL);
     DO $$BEGIN FOR i IN 1..${mostTables + 2} LOOP EXECUTE 'CREATE TABLE made_' || i || ' ()'; END LOOP; END$$`,
  )
  const counted = await restoreLoss(context, id, { timeoutMs: 3_600_000 })
  expect(counted).toMatchObject({ unknown: null, added_or_changed: 1, changed_or_deleted: 0, unchanged: 2, more: 0 })
  expect(counted.made).toHaveLength(mostTables)
  expect(await restoreLoss(context, id, { timeoutMs: 0 })).toMatchObject({ unknown: expect.stringContaining('limit') })

  // The backup is of another database: row headers prove nothing.
  await cluster.createDatabase('planned_copy', { template: 'planned' })
  const copied = { ...context, database: { ...context.database, database: 'planned_copy' } }
  expect(await restoreLoss(copied, id, { timeoutMs: 3_600_000 })).toMatchObject({
    unknown: expect.stringMatching(/\w/),
    added_or_changed: null,
    tables: [],
  })
  const gone = { ...context, database: { ...context.database, database: 'no_such' } }
  expect(await restoreLoss(gone, id, { timeoutMs: 3_600_000 })).toMatchObject({
    unknown: expect.stringContaining('DATABASE_NOT_FOUND'),
  })

  // Another session keeps a table to itself for longer than the limit.
  const holder = new Client({ connectionString: cluster.url('planned') })
  await holder.connect()
  await holder.query('BEGIN; LOCK TABLE orders')
  const limited = await restoreLoss(context, id, { timeoutMs: 50 })
  expect(limited).toMatchObject({ unknown: expect.stringContaining('longer than 0.05 s'), added_or_changed: null })
  await expect(restoreLoss(context, id, { timeoutMs: 50, signal: AbortSignal.abort() })).rejects.toThrow()
  await holder.end()
})
