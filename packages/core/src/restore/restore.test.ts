import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runBackup } from '../backup/run-backup.ts'
import type { MigrationInspector } from '../migrations/inspector.ts'
import { resolveConnection } from '../postgres/connection.ts'
import { initRepository } from '../repository/init.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { startStopwatch } from '../testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { undoRestore } from './kept-databases.ts'
import { defaultRestoreOptions, type RestoreContext, type RestoreOptions } from './options.ts'
import { planRestore } from './plan-restore.ts'
import { runRestore } from './run-restore.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

/** A database with something of everything that a restore treats in a way of its own. */
const shop = `
  CREATE TYPE mood AS ENUM ('sad', 'happy');
  CREATE TABLE customer (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, name text NOT NULL UNIQUE, feels mood, twice int GENERATED ALWAYS AS (length(name) * 2) STORED);
  INSERT INTO customer (name, feels) SELECT 'customer ' || i, CASE WHEN i % 2 = 0 THEN 'sad'::mood END FROM generate_series(1, 5000) i;
  CREATE SEQUENCE purchase_id START 10;
  CREATE TABLE purchase (id bigint NOT NULL DEFAULT nextval('purchase_id'), customer int NOT NULL REFERENCES customer, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE purchase_1 PARTITION OF purchase FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
  CREATE TABLE purchase_2 PARTITION OF purchase FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
  INSERT INTO purchase (customer, at, note) SELECT 1 + i % 5000, date '2026-01-01' + i % 360, E'tab\\t nl\\n \\\\ ' || i FROM generate_series(1, 20000) i;
  CREATE INDEX ON purchase (customer);
  CREATE VIEW happy AS SELECT * FROM customer WHERE feels = 'happy';
  CREATE MATERIALIZED VIEW per_day AS SELECT at, count(*) FROM purchase GROUP BY at;
  CREATE MATERIALIZED VIEW best AS SELECT max(count) FROM per_day;
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''a trigger fired''; END';
  CREATE TRIGGER stamp BEFORE INSERT ON purchase FOR EACH ROW EXECUTE FUNCTION stamp();
  CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;
  CREATE TABLE empty (a int);
  COMMENT ON TABLE customer IS 'who pays';
  ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
  CREATE POLICY mine ON customer USING (name = current_user);
  CREATE SCHEMA "we ""ird"; CREATE TABLE "we ""ird"."t'a\\b" ("c o""l" text); INSERT INTO "we ""ird"."t'a\\b" VALUES ('x');
`
async function repository(storage: Storage = createMemoryStorage()) {
  return initRepository(storage, { rawKey: Buffer.alloc(32, 1) })
}

async function contextOf(database: string, more: Partial<RestoreContext> = {}): Promise<RestoreContext> {
  return {
    repository: await repository(),
    database: resolveConnection(cluster.url(database)),
    inspectors: [],
    media: [],
    app: { name: 'test', version: '1', installedPackages: {} },
    resources: { connections: 2, packBytes: 1 << 20, compressionLevel: 1, segmentBlocks: 16, maxSnapshotAgeMs: 60_000 },
    ...more,
  }
}

const backup = async (context: RestoreContext) => {
  const { manifest } = await runBackup(context, {
    name: 'b',
    description: '',
    type: 'full',
    trigger: 'manual',
    createdBy: 'test',
    tags: {},
    includeMedia: context.media.length > 0,
    pinned: false,
    exclude: { tables: [], schemas: [], rows: [] },
    lockBudgetMs: 3000,
  })
  return manifest.id
}

const restore = async (context: RestoreContext, backupId: string, options: Partial<RestoreOptions> = {}) =>
  runRestore(context, await planRestore(context, { ...defaultRestoreOptions, backupId, ...options }))

/** Everything in a database that a restore must bring back, as one comparable value. */
async function contents(database: string): Promise<unknown> {
  const tables = await cluster.sql<{ name: string }>(
    database,
    `SELECT format('%I.%I', nspname, relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind IN ('r', 'm', 'v') AND nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'lifeboat') ORDER BY 1`,
  )
  const rows: Record<string, unknown> = {}
  for (const { name } of tables) {
    rows[name] = await cluster.sql(
      database,
      `SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ${name} t`,
    )
  }
  const definitions = await cluster.sql(
    database,
    `SELECT 'index' AS kind, indexdef AS text FROM pg_indexes WHERE schemaname !~ '^pg_' AND schemaname <> 'lifeboat'
     UNION ALL SELECT 'constraint', conrelid::regclass || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace::regnamespace::text !~ '^(pg_|information_schema|lifeboat)'
     UNION ALL SELECT 'trigger', pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
     UNION ALL SELECT 'policy', polname || pg_get_expr(polqual, polrelid) FROM pg_policy
     UNION ALL SELECT 'sequence', schemaname || sequencename || coalesce(last_value, -1) FROM pg_sequences
     UNION ALL SELECT 'comment', description FROM pg_description WHERE objoid >= 16384 AND description !~ '^Bookkeeping'
     ORDER BY 1, 2`,
  )
  return { rows, definitions }
}

async function shopDatabase(name: string): Promise<unknown> {
  await cluster.createDatabase(name)
  await cluster.sql(name, shop)
  return contents(name)
}

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
const databases = async () =>
  (await cluster.sql<{ name: string }>('postgres', 'SELECT datname AS name FROM pg_database ORDER BY 1')).map(
    (row) => row.name,
  )

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

test('in-place by a role that may not create databases: equal, in one transaction', async () => {
  await cluster.sql('postgres', `CREATE ROLE plain LOGIN PASSWORD 'p'`)
  const user = { name: 'plain', password: 'p' }
  await cluster.createDatabase('hosted', { owner: 'plain' })
  const asPlain = { database: resolveConnection(cluster.url('hosted', user)) }
  const client = new Client({ connectionString: cluster.url('hosted', user) })
  await client.connect()
  await client.query(shop)
  await client.end()
  const before = await contents('hosted')
  const context = await contextOf('hosted', asPlain)
  const id = await backup(context)
  await expect(restore(context, id)).rejects.toMatchObject({ detail: { refusals: [{ code: 'NO_CREATEDB' }] } })
  await cluster.sql(
    'hosted',
    `SET ROLE plain; DROP TABLE purchase CASCADE; CREATE TABLE wreck (a mood); CREATE SCHEMA junk CREATE TABLE j (a int);
     CREATE FUNCTION public.junk(mood) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE DOMAIN d AS int; CREATE AGGREGATE agg (int) (sfunc = int4pl, stype = int);`,
  )
  const result = await restore(context, id, { strategy: 'in-place' })
  expect(result).toMatchObject({ rows: 25_002, keptDatabase: null, safetyBackupId: expect.stringMatching(/^b/) })
  expect(await contents('hosted')).toEqual(before)
  expect(
    await cluster.sql('hosted', `SELECT to_regclass('wreck') AS w, to_regnamespace('junk') AS j, to_regtype('d') AS d`),
  ).toEqual([{ w: null, j: null, d: null }])
})

test('in-place that fails in the middle leaves everything as it was', async () => {
  const before = await shopDatabase('halfway')
  const context = await contextOf('halfway')
  const id = await backup(context)
  await cluster.sql('halfway', 'INSERT INTO empty VALUES (1)')
  const wrecked = await contents('halfway')
  expect(wrecked).not.toEqual(before)
  const plan = await planRestore(context, {
    ...defaultRestoreOptions,
    backupId: id,
    strategy: 'in-place',
    safetyBackup: false,
  })
  for (const phase of ['read-all', 'clear', 'definitions', 'rows', 'refresh', 'census', 'commit']) {
    const aborting = new AbortController()
    const running = runRestore(context, plan, {
      signal: aborting.signal,
      report: (event) => event.type === 'phase' && event.phase === phase && aborting.abort(),
    })
    const ended = await running.then(
      () => 'restored',
      (error: { code: string; message: string }) =>
        error.code === 'ABORTED' ? error.code : `${phase}: ${error.message}`,
    )
    if (phase === 'commit' && ended === 'restored') break
    expect(ended).toBe('ABORTED')
    expect(await contents('halfway')).toEqual(wrecked)
  }
})

test('an abort at any phase of a swap leaves the live database and no copy', async () => {
  const before = await shopDatabase('aborted')
  const context = await contextOf('aborted')
  const id = await backup(context)
  const there = await databases()
  const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id, safetyBackup: false })
  for (const phase of ['create-database', 'definitions', 'rows', 'refresh', 'census', 'properties', 'analyze']) {
    const aborting = new AbortController()
    const running = runRestore(context, plan, {
      signal: aborting.signal,
      report: (event) => event.type === 'phase' && event.phase === phase && aborting.abort(),
    })
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await databases()).toEqual(there)
  }
  expect(await contents('aborted')).toEqual(before)
  expect(
    await cluster.sql(
      'postgres',
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name LIKE 'lifeboat%'`,
    ),
  ).toEqual([{ n: 0 }])
})

test('a plan that is not true any more is refused', async () => {
  await cluster.createDatabase('changing')
  const context = await contextOf('changing')
  const id = await backup(context)
  const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id })
  await cluster.sql('changing', `CREATE TABLE a (); BEGIN; DROP TABLE a; PREPARE TRANSACTION 'p1'`)
  await expect(runRestore(context, plan)).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
  await cluster.sql('changing', `ROLLBACK PREPARED 'p1'`)
  await runRestore(context, plan)
})

test('a pack that is gone or has another size is a refusal; one that is damaged fails and harms nothing', async () => {
  const before = await shopDatabase('damaged')
  const storage = createMemoryStorage()
  const context = await contextOf('damaged', { repository: await repository(storage) })
  const id = await backup(context)
  const packs: { name: string; bytes: number }[] = []
  for await (const object of storage.list('packs/')) packs.push(object)
  const there = await databases()
  for (const { name } of packs) {
    const whole = await storage.get(name)
    const cut = whole.subarray(0, -1)
    const flipped = Buffer.from(whole)
    flipped[100] = (flipped[100] ?? 0) ^ 1
    await storage.put(name, cut)
    await expect(restore(context, id)).rejects.toMatchObject({
      code: expect.stringMatching(/RESTORE_REFUSED|DAMAGED|MISSING/),
    })
    await storage.delete(name)
    await expect(restore(context, id)).rejects.toMatchObject({
      code: expect.stringMatching(/RESTORE_REFUSED|DAMAGED|MISSING/),
    })
    await storage.put(name, flipped)
    for (const strategy of ['swap', 'in-place'] as const) {
      await expect(restore(context, id, { safetyBackup: false, strategy })).rejects.toMatchObject({
        code: 'REPOSITORY_DAMAGED',
      })
    }
    await storage.put(name, whole)
  }
  expect(packs.length).toBeGreaterThan(0)
  expect(await databases()).toEqual(there)
  expect(await contents('damaged')).toEqual(before)
})

test('a safety backup that fails stops the restore before anything', async () => {
  await cluster.createDatabase('unsafe')
  await cluster.sql('unsafe', 'CREATE TABLE t (a int)')
  const storage = createMemoryStorage()
  const context = await contextOf('unsafe', { repository: await repository(storage) })
  const id = await backup(context)
  const there = await databases()
  const put = storage.put.bind(storage)
  storage.put = (name, data, options) =>
    name.startsWith('backups/') ? Promise.reject(new Error('full')) : put(name, data, options)
  await expect(restore(context, id)).rejects.toMatchObject({ code: 'SAFETY_BACKUP_FAILED' })
  expect(await databases()).toEqual(there)
  expect(await restore(context, id, { safetyBackup: false })).toMatchObject({ safetyBackupId: null })
})
