import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { defaultRestoreOptions } from './options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { restoreFixture } from './restore-fixture.ts'

/** What stock pg_restore stumbles over: functions without a search_path, orphans, duplicates, views that fail. */
let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())
const { contextOf, backup, restore, contents } = restoreFixture(() => cluster)

const functionsWithoutPath = `
  CREATE SCHEMA app; CREATE EXTENSION cube SCHEMA app; CREATE EXTENSION earthdistance SCHEMA app;
  SET search_path = app;
  CREATE FUNCTION plain(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';
  CREATE FUNCTION folded(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT plain($1)';
  CREATE FUNCTION checked(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN plain(t) <> ''no''; END';
  CREATE DOMAIN label AS text CHECK (checked(VALUE));
  CREATE TABLE rated (id int PRIMARY KEY, name text CHECK (checked(name)), small text GENERATED ALWAYS AS (folded(name)) STORED, tag label);
  INSERT INTO rated (id, name, tag) SELECT i, 'Name ' || i, 'T' || i FROM generate_series(1, 2000) i;
  CREATE INDEX by_name ON rated (folded(name));
  CREATE STATISTICS of_names ON id, (folded(name)) FROM rated;
  CREATE TABLE places (id int, lat float8, lng float8); INSERT INTO places SELECT i, i % 90, i FROM generate_series(1, 100) i;
  CREATE INDEX near ON places USING gist (ll_to_earth(lat, lng));
  CREATE MATERIALIZED VIEW names AS SELECT folded(name) AS name FROM rated;
`

test.each(['swap', 'in-place'] as const)(
  '%s: functions that need a search_path find the one of the database',
  async (strategy) => {
    const database = `paths_${strategy.replace('-', '_')}`
    await cluster.createDatabase(database)
    await cluster.sql(database, `ALTER DATABASE ${database} SET search_path = app, public; ${functionsWithoutPath}`)
    const before = await contents(database)
    const context = await contextOf(database)
    const id = await backup(context)
    await cluster.sql(database, 'DELETE FROM app.rated')
    await restore(context, id, { strategy, safetyBackup: false })
    expect(await contents(database)).toEqual(before)
  },
)

test('where no search_path helps, the error names object, function, context and what to do', async () => {
  await cluster.createDatabase('no_path')
  await cluster.sql('no_path', functionsWithoutPath)
  const context = await contextOf('no_path')
  const id = await backup(context)
  const error = await restore(context, id, { safetyBackup: false }).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    code: 'RESTORE_FAILED',
    message: expect.stringMatching(/app\.rated.*plain\(text\) does not exist.*function "?(app\.)?(checked|folded)/s),
    advice: expect.stringMatching(
      /ALTER FUNCTION app\.(checked\(text\)|folded).* SET search_path.*export.*pg_restore/s,
    ),
  })
})

const orphans = `
  CREATE TABLE customer (id int PRIMARY KEY);
  CREATE TABLE purchase (id int PRIMARY KEY, customer int CONSTRAINT purchase_customer_fkey REFERENCES customer);
  INSERT INTO customer VALUES (1); SET session_replication_role = replica; INSERT INTO purchase VALUES (1, 1), (2, 2);
  CREATE FUNCTION same(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i';
  CREATE TABLE twins (id int); INSERT INTO twins VALUES (1), (2); CREATE UNIQUE INDEX twins_once ON twins (same(id));
  CREATE FUNCTION divisor() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
  CREATE MATERIALIZED VIEW shares AS SELECT id / divisor() AS share FROM customer;
  CREATE MATERIALIZED VIEW best AS SELECT max(share) FROM shares;
  CREATE TABLE bounded (a int CONSTRAINT bounded_a CHECK (same(a) < 10)); INSERT INTO bounded VALUES (1);
  CREATE OR REPLACE FUNCTION same(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i - i + 20';
  CREATE OR REPLACE FUNCTION divisor() RETURNS int LANGUAGE sql STABLE AS 'SELECT 0';
`

test.each(['swap', 'in-place'] as const)(
  '%s: what cannot be restored is named, and left out or left unproven by name',
  async (strategy) => {
    const database = `orphans_${strategy.replace('-', '_')}`
    await cluster.createDatabase(database)
    await cluster.sql(database, orphans)
    const context = await contextOf(database)
    const id = await backup(context)
    const options = {
      strategy,
      safetyBackup: false,
      notValid: [] as string[],
      leaveOut: [] as string[],
      unpopulated: [] as string[],
    }
    const failure = () =>
      restore(context, id, options).catch((error: unknown) => error as { message: string; advice: string })
    // One after the other, each as the error before it advises.
    const advised: [keyof typeof options & ('notValid' | 'leaveOut' | 'unpopulated'), string, RegExp][] = [
      ['notValid', 'public.bounded.bounded_a', /`notValid` public\.bounded\.bounded_a/],
      ['leaveOut', 'public.twins_once', /`leaveOut` public\.twins_once/],
      ['notValid', 'public.purchase.purchase_customer_fkey', /`notValid` public\.purchase\.purchase_customer_fkey/],
      ['unpopulated', 'public.shares', /`unpopulated` public\.shares/],
    ]
    const open = new Map(advised.map((one) => [one[1], one]))
    while (open.size > 0) {
      const error = await failure()
      const found = [...open.values()].find(([, , advice]) => advice.test((error as { advice?: string }).advice ?? ''))
      if (!found) throw new Error(`not advised: ${[...open.keys()]}`, { cause: error })
      options[found[0]].push(found[1])
      open.delete(found[1])
    }
    const result = await failure()
    expect(result).toMatchObject({ tables: 4 })
    expect(
      await cluster.sql(
        database,
        `SELECT conname AS name, convalidated AS valid FROM pg_constraint WHERE contype IN ('f', 'c') AND conrelid >= 16384 ORDER BY 1`,
      ),
    ).toEqual([
      { name: 'bounded_a', valid: false },
      { name: 'purchase_customer_fkey', valid: false },
    ])
    expect(
      await cluster.sql(database, 'SELECT matviewname AS name, ispopulated AS filled FROM pg_matviews ORDER BY 1'),
    ).toEqual([
      { name: 'best', filled: false },
      { name: 'shares', filled: false },
    ])
    expect(
      await cluster.sql(database, `SELECT to_regclass('twins_once') AS index, count(*)::int AS rows FROM twins`),
    ).toEqual([{ index: null, rows: 2 }])
  },
)

test('the plan says what is left out with what, and refuses names that are not in the backup, with the nearest', async () => {
  await cluster.createDatabase('named')
  await cluster.sql('named', orphans)
  const context = await contextOf('named')
  const backupId = await backup(context)
  const plan = (options: object) => planRestore(context, { ...defaultRestoreOptions, backupId, ...options })
  const leftOut = await plan({ leaveOut: ['public.customer'], notValid: ['public.bounded.bounded_a'] })
  expect(leftOut.refusals).toEqual([])
  expect(leftOut.warnings).toEqual(
    expect.arrayContaining([
      { code: 'LEAVE_OUT', text: expect.stringContaining('FK CONSTRAINT public.purchase purchase_customer_fkey') },
      { code: 'NOT_VALID', text: expect.stringContaining('public.bounded.bounded_a') },
    ]),
  )
  const wrong = await plan({
    leaveOut: ['public.custmer'],
    notValid: ['public.customer'],
    unpopulated: ['public.share'],
  })
  expect(wrong.refusals.map(({ code, text }) => `${code} ${text}`)).toEqual([
    expect.stringMatching(/^LEAVE_OUT .*"public\.custmer".*Did you mean "public\.customer"/),
    expect.stringMatching(/^NOT_VALID .*"public\.customer"/),
    expect.stringMatching(/^UNPOPULATED .*"public\.share".*Did you mean "public\.shares"/),
  ])
  const misspelled = await plan({ roleMap: { postgrse: 'postgres' } })
  expect(misspelled.refusals).toEqual([
    { code: 'ROLE_MAP', text: expect.stringMatching(/"postgrse".*Did you mean "postgres"/) },
  ])
})

test('a table that is left out takes its rows, sequences and what needs it along', async () => {
  await cluster.createDatabase('without')
  await cluster.sql(
    'without',
    `CREATE TABLE kept (id int); INSERT INTO kept VALUES (1);
     CREATE TABLE gone (id serial PRIMARY KEY, twin int GENERATED ALWAYS AS IDENTITY); INSERT INTO gone DEFAULT VALUES;
     CREATE VIEW seen AS SELECT * FROM gone; CREATE MATERIALIZED VIEW kept_view AS SELECT id FROM kept; COMMENT ON TABLE gone IS 'x'; GRANT SELECT ON gone TO PUBLIC`,
  )
  const context = await contextOf('without')
  const backupId = await backup(context)
  await restore(context, backupId, { safetyBackup: false, leaveOut: ['public.gone'] })
  expect(
    await cluster.sql(
      'without',
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`,
    ),
  ).toEqual([{ name: 'kept' }, { name: 'kept_view' }])
})
