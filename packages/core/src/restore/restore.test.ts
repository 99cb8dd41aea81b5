import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MigrationInspector } from '../migrations/inspector.ts'
import { resolveConnection } from '../postgres/connection.ts'
import { startStopwatch } from '../testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { defaultRestoreOptions, type RestoreContext } from './options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { restoreFixture } from './restore-fixture.ts'
import { runRestore } from './run-restore.ts'
import { undoRestore } from './undo/kept-databases.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

const { contextOf, backup, restore, contents, shopDatabase, databases } = restoreFixture(() => cluster)

test('swap: the backup is live, equal to its source; the wreck is kept; undo brings it back', async () => {
  const before = await shopDatabase('shop')
  await cluster.sql('postgres', `ALTER DATABASE shop SET work_mem = '5MB'; COMMENT ON DATABASE shop IS 'our shop'`)
  const context = await contextOf('shop')
  const id = await backup(context)
  await cluster.sql('shop', `DROP TABLE purchase CASCADE; DELETE FROM customer; CREATE TABLE wreck (a int)`)

  const stopwatch = startStopwatch()
  const result = await restore(context, id)
  expect(result).toMatchObject({
    backupId: id,
    database: 'shop',
    rows: 25_002,
    keptDatabase: expect.stringMatching(/^shop_before_\d{14}$/),
  })
  expect((result.swapMilliseconds ?? Number.POSITIVE_INFINITY) - stopwatch.stoodStill()).toBeLessThan(1000)
  expect(result.safetyBackupId).toMatch(/^b/)
  expect(await contents('shop')).toEqual(before)
  expect(
    await cluster.sql(
      'shop',
      `SELECT current_setting('work_mem') AS mem, shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = 'shop'`,
    ),
  ).toEqual([{ mem: '5MB', comment: 'our shop' }])

  await undoRestore(context.database, result.restoreId)
  expect(await cluster.sql('shop', 'SELECT count(*)::int AS n FROM customer')).toEqual([{ n: 0 }])
  // And the safety backup holds the wreck as well.
  await restore(context, result.safetyBackupId ?? '', { safetyBackup: false })
  expect(
    await cluster.sql('shop', `SELECT to_regclass('wreck')::text AS wreck, to_regclass('purchase') AS purchase`),
  ).toEqual([{ wreck: 'wreck', purchase: null }])
})

/** One migration adds a column to `customer`; the ledger is a table of its own. */
function inspector(known: string[], more: Partial<MigrationInspector> = {}): MigrationInspector {
  return {
    name: 'ledger',
    ledgerTables: ['public.ledger'],
    applied: async (query) => {
      const [there] = await query<{ there: boolean }>(`SELECT to_regclass('public.ledger') IS NOT NULL AS there`)
      return there?.there ? query<{ id: string }>('SELECT id FROM public.ledger ORDER BY id') : []
    },
    known: async () => known.map((id) => ({ id })),
    migrate: async ({ databaseUrl }) => {
      const client = new Client({ connectionString: databaseUrl })
      await client.connect()
      try {
        const { rows } = await client.query('SELECT id FROM public.ledger')
        for (const id of known.filter((one) => !rows.some((row) => row.id === one))) {
          await client.query(`ALTER TABLE public.customer ADD COLUMN ${id} int DEFAULT 1`)
          await client.query('INSERT INTO public.ledger VALUES ($1)', [id])
        }
      } finally {
        await client.end()
      }
    },
    ...more,
  }
}
const columns = async (database: string) =>
  (
    await cluster.sql<{ name: string }>(
      database,
      `SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'customer' AND column_name ~ '^m' ORDER BY 1`,
    )
  ).map((row) => row.name)
test('a backup behind the code is migrated on the copy; validators see it before and after', async () => {
  await cluster.createDatabase('migrating')
  await cluster.sql(
    'migrating',
    `CREATE TABLE customer (id int); INSERT INTO customer VALUES (1); CREATE TABLE ledger (id text); INSERT INTO ledger VALUES ('m1'); ALTER TABLE customer ADD m1 int`,
  )
  const seen: string[] = []
  const context = await contextOf('migrating', {
    inspectors: [inspector(['m1', 'm2', 'm3'])],
    validators: (['before', 'after'] as const).map((when) => ({
      name: when,
      when,
      validate: async ({ databaseUrl }) => {
        expect(databaseUrl).toContain('lifeboat_copy_')
        seen.push(`${when} ${(await columns(new URL(databaseUrl).pathname.slice(1))).length}`)
      },
    })),
  })
  const id = await backup(context)
  const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id })
  expect(plan.migrations[0]?.comparison).toMatchObject({ verdict: 'behind', missing: ['m2', 'm3'] })
  const result = await runRestore(context, plan)
  expect(result.migrations).toEqual(['m2', 'm3'])
  expect(seen).toEqual(['before 1', 'after 3'])
  expect(await columns('migrating')).toEqual(['m1', 'm2', 'm3'])
})

test.each<[string, string, Partial<RestoreContext>]>([
  ['a migration fails', 'MIGRATION_FAILED', { inspectors: [inspector(['m1', 'm2; syntax'])] }],
  [
    'a migration does nothing',
    'MIGRATION_FAILED',
    { inspectors: [inspector(['m1', 'm2'], { migrate: async () => {} })] },
  ],
  [
    'a validator refuses',
    'VALIDATION_FAILED',
    { validators: [{ name: 'no', validate: () => Promise.reject(new Error('no')) }] },
  ],
])('%s: the live database is untouched and nothing is left', async (_, code, more) => {
  const name = `untouched ${code} ${databaseNumber++}`
  await cluster.createDatabase(name)
  await cluster.sql(
    name,
    `CREATE TABLE customer (id int); CREATE TABLE ledger (id text); INSERT INTO ledger VALUES ('m1'); ALTER TABLE customer ADD m1 int`,
  )
  const context = await contextOf(name, more)
  const id = await backup(context)
  await cluster.sql(name, 'INSERT INTO customer VALUES (2)')
  const before = await databases()
  const reported: string[] = []
  const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id })
  await expect(runRestore(context, plan, { report: (event) => void reported.push(event.type) })).rejects.toMatchObject({
    code,
  })
  expect(await databases()).toEqual(before)
  expect(await cluster.sql(name, 'SELECT count(*)::int AS n FROM customer')).toEqual([{ n: 1 }])
})
let databaseNumber = 0

test('partitions by the hash of an enum are counted together, whichever session counts them', async () => {
  await cluster.createDatabase('hashed')
  const labels = Array.from({ length: 26 }, (_, n) => `'${String.fromCharCode(97 + n)}'`).join()
  await cluster.sql(
    'hashed',
    `CREATE TYPE letter AS ENUM (${labels}); CREATE TABLE t (k letter) PARTITION BY HASH (k);
     CREATE TABLE t_0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);
     CREATE TABLE t_1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1);
     INSERT INTO t SELECT unnest(ARRAY[${labels}]::letter[]) FROM generate_series(1, 7)`,
  )
  const context = await contextOf('hashed')
  expect((await restore(context, await backup(context))).rows).toBe(182)
  expect(await cluster.sql('hashed', 'SELECT count(*)::int AS n FROM t')).toEqual([{ n: 182 }])
})

test('ahead is refused, and goes through by its name', async () => {
  await cluster.createDatabase('ahead')
  await cluster.sql('ahead', `CREATE TABLE ledger (id text); INSERT INTO ledger VALUES ('m1'), ('m2')`)
  const context = await contextOf('ahead', { inspectors: [inspector(['m1'])] })
  const id = await backup(context)
  await expect(restore(context, id)).rejects.toMatchObject({
    code: 'RESTORE_REFUSED',
    detail: { refusals: [{ code: 'BACKUP_AHEAD', override: 'ahead' }] },
  })
  expect((await restore(context, id, { overrides: ['ahead'] })).rows).toBe(2)
})

test('a new database, a database that is gone, and into another one', async () => {
  const before = await shopDatabase('source')
  const context = await contextOf('source')
  const id = await backup(context)
  const result = await restore(context, id, { strategy: 'new-database', targetDatabase: `it's a "copy"` })
  expect(result).toMatchObject({ keptDatabase: null, safetyBackupId: null, database: `it's a "copy"` })
  expect(await contents(`it's a "copy"`)).toEqual(before)
  await expect(
    restore(context, id, { strategy: 'new-database', targetDatabase: `it's a "copy"` }),
  ).rejects.toMatchObject({
    detail: { refusals: [{ code: 'TARGET_EXISTS' }] },
  })
  await cluster.sql('postgres', 'DROP DATABASE source')
  expect(await restore(context, id)).toMatchObject({ keptDatabase: null })
  expect(await contents('source')).toEqual(before)
  await cluster.createDatabase('elsewhere')
  const elsewhere = { ...context, database: resolveConnection(cluster.url('elsewhere')) }
  await expect(restore(elsewhere, id)).rejects.toMatchObject({ detail: { refusals: [{ code: 'OTHER_DATABASE' }] } })
  await restore(elsewhere, id, { intoOther: true })
  expect(await contents('elsewhere')).toEqual(before)
})

test.each([[`it's a "live" \\ one`], ['ü'.repeat(31)], ['-x --'], ['two\nlines'], ['SELECT']])(
  'the live database is named %j',
  async (name) => {
    await cluster.createDatabase(name)
    await cluster.sql(name, 'CREATE TABLE t AS SELECT 1 AS a')
    const context = await contextOf(name)
    const id = await backup(context)
    await cluster.sql(name, 'DROP TABLE t')
    const { keptDatabase } = await restore(context, id)
    expect(await cluster.sql(name, 'SELECT a FROM t')).toEqual([{ a: 1 }])
    expect(await cluster.sql(keptDatabase ?? '', `SELECT to_regclass('t') AS t`)).toEqual([{ t: null }])
  },
)
