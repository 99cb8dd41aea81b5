import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runBackup } from '../backup/run-backup.ts'
import { resolveConnection } from '../postgres/connection.ts'
import { initRepository } from '../repository/init.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { defaultRestoreOptions, type RestoreContext, type RestoreOptions } from './options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { runRestore } from './run-restore.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

async function backedUp(database: string): Promise<{ context: RestoreContext; id: string }> {
  const context: RestoreContext = {
    repository: await initRepository(createMemoryStorage(), { rawKey: Buffer.alloc(32, 1) }),
    database: resolveConnection(cluster.url(database)),
    inspectors: [],
    media: [],
    app: { name: 'test', version: null, installedPackages: {} },
    resources: { connections: 2, packBytes: 1 << 20, compressionLevel: 1, segmentBlocks: 16, maxSnapshotAgeMs: 60_000 },
  }
  const { manifest } = await runBackup(context, {
    name: 'b',
    description: '',
    type: 'full',
    trigger: 'manual',
    createdBy: 'test',
    tags: {},
    includeMedia: false,
    pinned: false,
    exclude: { tables: [], schemas: [], rows: [] },
    lockBudgetMs: 3000,
  })
  return { context, id: manifest.id }
}

const restore = async (context: RestoreContext, backupId: string, options: Partial<RestoreOptions>) =>
  runRestore(
    context,
    await planRestore(context, { ...defaultRestoreOptions, safetyBackup: false, backupId, ...options }),
  )

const largeObjects = (database: string) =>
  cluster.sql(
    database,
    `SELECT m.oid, pg_get_userbyid(lomowner) AS owner, lomacl::text AS acl, obj_description(m.oid, 'pg_largeobject') AS comment,
       md5(lo_get(m.oid)) AS content FROM pg_largeobject_metadata m ORDER BY 1`,
  )

test.each(['swap', 'in-place'] as const)(
  '%s: large objects with owners, grants, comments; sparse, empty, big',
  async (strategy) => {
    const database = `large ${strategy}`
    await cluster.sql('postgres', `DROP ROLE IF EXISTS "lo's ""owner"""; CREATE ROLE "lo's ""owner"""`)
    await cluster.createDatabase(database)
    await cluster.sql(
      database,
      `SELECT lo_create(100); SELECT lo_from_bytea(101, 'abc'); SELECT lo_from_bytea(102, convert_to(repeat('x', 5000), 'UTF8'));
     SELECT lo_create(103); SELECT lo_put(103, 1000000, 'sparse'); SELECT lo_from_bytea(4294967295, '\\x00ff');
     SELECT count(lo_from_bytea(i, convert_to(repeat(i::text, i % 1500), 'UTF8'))) FROM generate_series(1000, ${strategy === 'swap' ? 4000 : 1500}) i;
     ALTER LARGE OBJECT 101 OWNER TO "lo's ""owner"""; GRANT SELECT ON LARGE OBJECT 101 TO PUBLIC; GRANT UPDATE ON LARGE OBJECT 102 TO "lo's ""owner""" WITH GRANT OPTION;
     COMMENT ON LARGE OBJECT 102 IS 'it''s \\ large'`,
    )
    const before = await largeObjects(database)
    const { context, id } = await backedUp(database)
    await cluster.sql(database, `SELECT lo_unlink(101); SELECT lo_put(102, 0, 'wreck'); SELECT lo_create(99)`)
    await restore(context, id, { strategy })
    expect(await largeObjects(database)).toEqual(before)
    await cluster.sql('postgres', `DROP DATABASE "${database}"`)
    for (const { datname } of await cluster.sql<{ datname: string }>(
      'postgres',
      `SELECT datname FROM pg_database WHERE datname ~ '_before_'`,
    )) {
      await cluster.sql('postgres', `DROP DATABASE "${datname}"`)
    }
  },
)

const owners = (database: string) =>
  cluster.sql(
    database,
    `SELECT relname, pg_get_userbyid(relowner) AS owner, relacl::text AS acl FROM pg_class WHERE relname IN ('t', 'u') ORDER BY 1`,
  )

test('roles that are missing: refused, created without login, mapped, or left out', async () => {
  await cluster.sql('postgres', `CREATE ROLE "old owner"; CREATE ROLE reader`)
  await cluster.createDatabase('roles', { owner: 'old owner' })
  await cluster.sql(
    'roles',
    `CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t OWNER TO "old owner"; GRANT SELECT ON t TO reader; CREATE TABLE u (a int);
     ALTER TABLE u ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON u TO reader USING (true); GRANT CONNECT ON DATABASE roles TO reader`,
  )
  const before = await owners('roles')
  const { context, id } = await backedUp('roles')
  await cluster.sql('postgres', `DROP DATABASE roles`)
  await cluster.sql('postgres', `DROP ROLE "old owner"; DROP ROLE reader`)
  await expect(restore(context, id, {})).rejects.toMatchObject({ detail: { refusals: [{ code: 'ROLES_MISSING' }] } })

  await cluster.sql('postgres', 'CREATE ROLE "new ""owner"; CREATE ROLE viewer')
  await restore(context, id, {
    strategy: 'new-database',
    targetDatabase: 'mapped',
    roleMap: { 'old owner': 'new "owner', reader: 'viewer' },
  })
  expect(await owners('mapped')).toEqual([
    { relname: 't', owner: 'new "owner', acl: expect.stringContaining('viewer=r/') },
    { relname: 'u', owner: 'postgres', acl: null },
  ])
  expect(
    await cluster.sql(
      'mapped',
      `SELECT pg_get_userbyid(datdba) AS owner, datacl::text ~ 'viewer=c/' AS granted FROM pg_database WHERE datname = 'mapped'`,
    ),
  ).toEqual([{ owner: 'new "owner', granted: true }])

  await restore(context, id, { createRoles: true })
  expect(await owners('roles')).toEqual(before)
  expect(
    await cluster.sql(
      'roles',
      `SELECT rolname, rolcanlogin FROM pg_roles WHERE rolname IN ('old owner', 'reader') ORDER BY 1`,
    ),
  ).toEqual([
    { rolname: 'old owner', rolcanlogin: false },
    { rolname: 'reader', rolcanlogin: false },
  ])
})

test('extensions: own rows of configuration tables, also where the role cannot drop the extension', async () => {
  await cluster.sql('postgres', `CREATE ROLE tenant LOGIN PASSWORD 't'`)
  await cluster.createDatabase('extended', { owner: 'tenant' })
  await cluster.sql(
    'extended',
    `CREATE EXTENSION IF NOT EXISTS plpgsql; CREATE EXTENSION pg_trgm; SET ROLE tenant; CREATE TABLE words AS SELECT 'word ' || i AS w FROM generate_series(1, 100) i; CREATE INDEX ON words USING gin (w public.gin_trgm_ops)`,
  )
  const { context, id } = await backedUp('extended')
  await restore(context, id, {})
  const asTenant = {
    ...context,
    database: resolveConnection(cluster.url('extended', { name: 'tenant', password: 't' })),
  }
  await cluster.sql('extended', 'DELETE FROM words')
  await restore(asTenant, id, { strategy: 'in-place' })
  expect(
    await cluster.sql(
      'extended',
      `SELECT count(*)::int AS n, (SELECT count(*)::int FROM pg_indexes WHERE tablename = 'words') AS indexes, (SELECT count(*)::int FROM pg_extension) AS extensions FROM words`,
    ),
  ).toEqual([{ n: 100, indexes: 1, extensions: 2 }])
})

test('in-place clears everything that a database can hold', async () => {
  await cluster.createDatabase('crowded')
  await cluster.sql('crowded', 'CREATE TABLE t AS SELECT 1 AS a')
  const { context, id } = await backedUp('crowded')
  const client = new Client({ connectionString: cluster.url('crowded') })
  await client.connect()
  await client.query(
    `
    CREATE EXTENSION postgres_fdw; CREATE EXTENSION hstore;
    CREATE SERVER s FOREIGN DATA WRAPPER postgres_fdw; CREATE USER MAPPING FOR CURRENT_USER SERVER s; CREATE FOREIGN TABLE ft (a int) SERVER s;
    CREATE FOREIGN DATA WRAPPER own; CREATE SERVER own FOREIGN DATA WRAPPER own;
    CREATE TYPE e AS ENUM ('a'); CREATE TYPE c AS (a int, b e); CREATE DOMAIN d AS e; CREATE TYPE r AS RANGE (subtype = float8); CREATE TABLE arr (a c[], b d, f hstore);
    CREATE FUNCTION f(c) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE p(INOUT a int) LANGUAGE sql AS 'SELECT 1'; CREATE AGGREGATE ag (float8) (sfunc = float8pl, stype = float8);
    CREATE FUNCTION cmp(c, c) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true'; CREATE OPERATOR === (leftarg = c, rightarg = c, function = cmp); CREATE OPERATOR FAMILY of USING btree;
    CREATE CAST (c AS int) WITH FUNCTION f(c); CREATE COLLATION co FROM "C"; CREATE TEXT SEARCH CONFIGURATION tc (COPY = simple); CREATE TEXT SEARCH DICTIONARY td (TEMPLATE = simple);
    CREATE TABLE part (a int GENERATED ALWAYS AS IDENTITY, b int) PARTITION BY LIST (b); CREATE TABLE part1 PARTITION OF part FOR VALUES IN (1); CREATE TABLE child () INHERITS (arr);
    CREATE STATISTICS st ON a, b FROM part1; CREATE VIEW v AS SELECT * FROM part; CREATE MATERIALIZED VIEW mv AS SELECT * FROM v; CREATE RULE ru AS ON INSERT TO v DO INSTEAD NOTHING;
    CREATE SEQUENCE sq; CREATE PUBLICATION pub FOR ALL TABLES; CREATE SCHEMA other CREATE TABLE deep (a int); CREATE SCHEMA "q""uoted"; CREATE TABLE "q""uoted"."x.y" (a int);
    CREATE FUNCTION ev() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER et ON sql_drop EXECUTE FUNCTION ev();
    SELECT lo_create(5); GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE LANGUAGE own HANDLER plpgsql_call_handler; CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
    CREATE FUNCTION "odd ""name()"(int) RETURNS int LANGUAGE sql AS 'SELECT 1';`,
  )
  await client.end()
  await restore(context, id, { strategy: 'in-place' })
  const left = await cluster.sql<{ identity: string }>(
    'crowded',
    `SELECT DISTINCT o.type || ' ' || o.identity AS identity FROM pg_depend d, pg_identify_object(d.classid, d.objid, 0) o
     WHERE d.objid >= 16384 AND d.classid <> 'pg_rewrite'::regclass ORDER BY 1`,
  )
  const ours = /lifeboat|marker|toast/
  expect(left.map(({ identity }) => identity).filter((one) => !ours.test(one))).toEqual([
    'table public.t',
    'type public.t',
    'type public.t[]',
  ])
  const rest = `SELECT (SELECT count(*)::int FROM pg_event_trigger) + (SELECT count(*)::int FROM pg_publication) + (SELECT count(*)::int FROM pg_largeobject_metadata)
     + (SELECT count(*)::int FROM pg_namespace WHERE oid >= 16384 AND nspname <> 'lifeboat') + (SELECT count(*)::int FROM pg_foreign_data_wrapper) + (SELECT count(*)::int FROM pg_language WHERE oid >= 16384) AS n,
     (SELECT nspacl::text FROM pg_namespace WHERE nspname = 'public') AS acl`
  expect(await cluster.sql('crowded', rest)).toEqual([
    { n: 0, acl: '{pg_database_owner=UC/pg_database_owner,=U/pg_database_owner}' },
  ])
})

test('a database in another encoding and locale comes back in it', async () => {
  await cluster.sql(
    'postgres',
    `CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`,
  )
  await cluster.sql('latin', `CREATE TABLE "täble" AS SELECT 'größe' AS "ä"; COMMENT ON TABLE "täble" IS 'ümlaut'`)
  const { context, id } = await backedUp('latin')
  await restore(context, id, {})
  await restore(context, id, { strategy: 'new-database', targetDatabase: 'latin2' })
  for (const database of ['latin', 'latin2']) {
    expect(
      await cluster.sql(
        database,
        `SELECT "ä" AS a, obj_description('"täble"'::regclass) AS comment, pg_encoding_to_char(encoding) AS encoding FROM "täble", pg_database WHERE datname = current_database()`,
      ),
    ).toEqual([{ a: 'größe', comment: 'ümlaut', encoding: 'LATIN1' }])
  }
})
