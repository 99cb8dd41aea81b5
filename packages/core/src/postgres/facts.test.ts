import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { resolveConnection } from './connection.ts'
import { readDatabaseProperties } from './database-properties.ts'
import { readExtensions } from './extensions.ts'
import { readLargeObjects } from './large-objects.ts'
import { preflightSource } from './preflight.ts'
import { readRoles } from './roles.ts'
import { readServerFacts } from './server-facts.ts'
import { openSession, type Session } from './session.ts'
import { readTablespaces } from './tablespaces.ts'

let cluster: TemporaryCluster
let session: Session

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.sql(
    'postgres',
    `CREATE ROLE "own""er" CREATEDB; CREATE ROLE grantee; CREATE ROLE "group" NOLOGIN; CREATE ROLE setting_only;
     CREATE ROLE policy_only; CREATE ROLE defaults_only; CREATE ROLE unrelated; CREATE ROLE large;
     GRANT "group" TO grantee; CREATE ROLE reader LOGIN PASSWORD 'reader'; CREATE ROLE elsewhere;
     CREATE ROLE all_data LOGIN PASSWORD 'all' BYPASSRLS; GRANT pg_read_all_data TO all_data`,
  )
  await cluster.createDatabase('facts', { owner: 'own"er' })
  await cluster.createDatabase('other', { owner: 'elsewhere' })
  await cluster.sql(
    'facts',
    `CREATE EXTENSION hstore; CREATE TABLE t (n int); GRANT SELECT ON t TO grantee, reader; CREATE TABLE secret (n int);
     ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t TO policy_only USING (true);
     ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO defaults_only;
     ALTER DATABASE facts SET work_mem = '7MB'; ALTER ROLE setting_only IN DATABASE facts SET search_path = a, "b c";
     ALTER DATABASE facts CONNECTION LIMIT 17; COMMENT ON DATABASE facts IS 'it''s ours';
     REVOKE CONNECT ON DATABASE facts FROM public; GRANT CONNECT ON DATABASE facts TO reader, all_data;
     SELECT lo_from_bytea(4000000000, 'x'), lo_from_bytea(700, 'y'); COMMENT ON LARGE OBJECT 700 IS 'seven';
     ALTER LARGE OBJECT 700 OWNER TO large; GRANT SELECT ON LARGE OBJECT 700 TO grantee`,
  )
  session = await openSession(resolveConnection(cluster.url('facts')), { application: 'test' })
})
afterAll(async () => {
  await session.close()
  await cluster.stop()
})

test('the roles a database refers to, by whatever way, and no others', async () => {
  const roles = await readRoles(session.query)
  expect(roles.map(({ name }) => name)).toEqual([
    'all_data',
    'defaults_only',
    'grantee',
    'group',
    'large',
    'own"er',
    'policy_only',
    'postgres',
    'reader',
    'setting_only',
  ])
  expect(roles.find(({ name }) => name === 'grantee')).toEqual({
    name: 'grantee',
    superuser: false,
    inherit: true,
    create_role: false,
    create_db: false,
    login: false,
    replication: false,
    bypass_rls: false,
    member_of: ['group'],
  })
  expect(roles.find(({ name }) => name === 'own"er')).toMatchObject({ create_db: true })
})

test('properties of the database', async () => {
  const properties = await readDatabaseProperties(session.query)
  expect(properties).toMatchObject({
    owner: 'own"er',
    encoding: 'UTF8',
    collate: 'C',
    ctype: 'C',
    locale_provider: 'c',
    locale: null,
    icu_rules: null,
    connection_limit: 17,
    tablespace: 'pg_default',
    comment: "it's ours",
    settings: [
      { role: null, setting: 'work_mem=7MB' },
      { role: 'setting_only', setting: 'search_path=a, "b c"' },
    ],
    labels: [],
  })
  expect(properties.acl).toContain('reader=c/"own""er"')
  expect(await readDatabaseProperties(session.query, 'other')).toMatchObject({ owner: 'elsewhere', acl: null })
  expect(await readDatabaseProperties(session.query, 'missing')).toBeNull()
})

test('large objects, extensions, tablespaces', async () => {
  expect(await Array.fromAsync(readLargeObjects(session.query))).toEqual([
    { oid: 700, owner: 'large', acl: ['large=rw/large', 'grantee=r/large'], comment: 'seven', labels: [] },
    { oid: 4_000_000_000, owner: 'postgres', acl: null, comment: null, labels: [] },
  ])
  expect((await readExtensions(session.query)).map(({ name, schema }) => `${name} in ${schema}`)).toEqual([
    'hstore in public',
    'plpgsql in pg_catalog',
  ])
  expect(await readTablespaces(session.query)).toEqual([])
})

test('facts of the server', async () => {
  expect(await readServerFacts(session.query)).toMatchObject({
    major: cluster.majorVersion,
    superuser: true,
    database: 'facts',
    block_size: 8192,
    in_recovery: false,
    prepared_transactions: 0,
    reads_large_object_pages: true,
    system_identifier: expect.stringMatching(/^\d+$/),
  })
})

describe('preflight', () => {
  const as = (name: string, password: string) =>
    openSession(resolveConnection(cluster.url('facts', { name, password })), { application: 'test' })

  test('a superuser, and one who may read everything, pass', async () => {
    expect(await preflightSource(session)).toEqual([])
    const reader = await as('all_data', 'all')
    expect(await preflightSource(reader)).toEqual([])
    await reader.close()
  })

  test('missing rights and row security are named; what is left out does not matter', async () => {
    const reader = await as('reader', 'reader')
    await expect(preflightSource(reader)).rejects.toMatchObject({
      code: 'DATABASE_RIGHTS',
      detail: { role: 'reader', relations: ['public.secret', 'large object 700', 'large object 4000000000'] },
    })
    await session.query('GRANT SELECT ON LARGE OBJECT 700 TO PUBLIC; GRANT SELECT ON LARGE OBJECT 4000000000 TO reader')
    const exclude = { tables: ['secret'], schemas: [], rows: [] }
    await expect(preflightSource(reader, exclude)).rejects.toMatchObject({
      code: 'ROW_SECURITY',
      detail: { tables: ['public.t'] },
    })
    await expect(reader.query('TABLE public.t')).rejects.toMatchObject({ code: 'ROW_SECURITY' })
    expect(await preflightSource(reader, { ...exclude, rows: ['t'] })).toEqual([])
    await reader.close()
  })

  test('prepared transactions are mentioned', async () => {
    await session.query("BEGIN; INSERT INTO public.secret VALUES (1); PREPARE TRANSACTION 'open'")
    expect(await preflightSource(session)).toMatchObject([{ code: 'PREPARED_TRANSACTIONS' }])
    await session.query("ROLLBACK PREPARED 'open'")
  })
})
