import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { copySource, openBackup, testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

/**
 * The planner looks into the expressions of indexes and statistics: it inlines SQL functions and computes what is
 * constant. Under the empty search_path of a dump that failed for tables that pg_dump reads.
 */
let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

const database = 'expressions'
const tables = ['places', 'people', 'measures', 'accounts']

beforeAll(async () => {
  await cluster.createDatabase(database)
  await cluster.sql(
    database,
    `CREATE EXTENSION cube; CREATE EXTENSION earthdistance;
     CREATE TABLE places (id int PRIMARY KEY, lat float8, lng float8);
     INSERT INTO places SELECT i, i % 90, i % 180 FROM generate_series(1, 5000) i;
     CREATE INDEX ON places USING gist (ll_to_earth(lat, lng));
     CREATE FUNCTION plain(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(t)';
     CREATE FUNCTION folded(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT plain($1)';
     CREATE TABLE people (id int, name text);
     INSERT INTO people SELECT i, 'Name ' || i FROM generate_series(1, 5000) i;
     CREATE UNIQUE INDEX ON people (folded(name));
     CREATE TABLE measures (a int, b text);
     INSERT INTO measures SELECT i, i::text FROM generate_series(1, 5000) i;
     CREATE STATISTICS measured ON a, (folded(b)) FROM measures;
     CREATE FUNCTION wanted() RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN plain(''X''); END';
     CREATE TABLE accounts (id int, state text);
     INSERT INTO accounts SELECT i, 'x' FROM generate_series(1, 5000) i;
     CREATE INDEX ON accounts (id) WHERE state = wanted();
     ALTER DATABASE ${database} SET constraint_exclusion = on;
     CREATE TABLE checked (id int, state text CONSTRAINT folds CHECK (folded(state) <> wanted()));
     INSERT INTO checked SELECT i, 'y' FROM generate_series(1, 5000) i;`,
  )
})

test('a backup reads and counts tables whose index, statistics and constraint expressions do not resolve', async () => {
  const context = await testContext(cluster.url(database))
  for (const type of ['full', 'incremental'] as const) {
    const { manifest } = await runBackup(context, testOptions({ type }))
    const stored = await openBackup(context.repository, manifest)
    for (const name of [...tables, 'checked']) {
      const source = await copySource(cluster.url(database), `COPY public.${name} TO STDOUT`)
      expect((await stored.rows(`public.${name}`)).equals(source), `${type} ${name}`).toBe(true)
      expect(stored.tables.get(`public.${name}`)?.rows).toBe(5000)
    }
  }
})

test('code of another role in an expression is not run with the rights of the backup', async () => {
  await cluster.createDatabase('tenant')
  await cluster.sql(
    'tenant',
    `CREATE ROLE tenant; GRANT CREATE ON SCHEMA public TO tenant; CREATE TABLE seen (who text); GRANT INSERT ON seen TO PUBLIC;
     SET ROLE tenant;
     CREATE FUNCTION public.look() RETURNS int LANGUAGE plpgsql IMMUTABLE AS
       'BEGIN IF current_user <> ''tenant'' THEN RAISE EXCEPTION ''run as %'', current_user; END IF; RETURN 1; END';
     CREATE TABLE mine (id int); INSERT INTO mine SELECT generate_series(1, 5000);
     CREATE INDEX ON mine (id) WHERE id <> public.look(); RESET ROLE`,
  )
  const context = await testContext(cluster.url('tenant'))
  const { manifest } = await runBackup(context, testOptions())
  expect((await openBackup(context.repository, manifest)).tables.get('public.mine')?.rows).toBe(5000)
})
