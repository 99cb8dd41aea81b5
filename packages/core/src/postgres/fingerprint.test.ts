import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { resolveConnection } from './connection.ts'
import { fingerprintTables, type TableFingerprint } from './fingerprint.ts'
import { openSession, type Session } from './session.ts'
import { readTables } from './tables.ts'

let cluster: TemporaryCluster
let session: Session
let database = 0

beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster.stop())
beforeEach(async () => {
  session = await openSession(resolveConnection(await cluster.createDatabase(`types_${++database}`)), {
    application: 'test',
  })
  await session.query('SET search_path = public')
  return () => session.close()
})

async function of(name: string): Promise<TableFingerprint> {
  const table = (await readTables(session.query)).find((one) => one.name === name)!
  return (await fingerprintTables(session.query, [table])).get(table.oid)!
}

test.each([
  ['another column', 'CREATE TABLE t (n int)', 'ALTER TABLE t ADD m int'],
  ['a fast default', 'CREATE TABLE t (n int); INSERT INTO t VALUES (1)', 'ALTER TABLE t ADD m int DEFAULT 5'],
  [
    'another fast default',
    'CREATE TABLE t (n int); INSERT INTO t VALUES (1); ALTER TABLE t ADD m int DEFAULT 5',
    'ALTER TABLE t DROP m; ALTER TABLE t ADD m int DEFAULT 6',
  ],
  [
    'a column dropped and added again',
    'CREATE TABLE t (n int, m int)',
    'ALTER TABLE t DROP m; ALTER TABLE t ADD m int',
  ],
  ['a type change without rewrite', 'CREATE TABLE t (n timestamptz)', 'ALTER TABLE t ALTER n TYPE timestamp'],
  [
    'two columns that exchange their types',
    'CREATE TABLE t (n int, m oid)',
    'ALTER TABLE t ALTER n TYPE oid, ALTER m TYPE int',
  ],
  [
    'two columns that exchange their names',
    'CREATE TABLE t (n int, m int)',
    'ALTER TABLE t RENAME n TO x; ALTER TABLE t RENAME m TO n; ALTER TABLE t RENAME x TO m',
  ],
  [
    'another value for the rows before the column',
    'CREATE TABLE t (n int); INSERT INTO t VALUES (1); ALTER TABLE t ADD m int DEFAULT 5',
    "UPDATE pg_attribute SET attmissingval = NULL WHERE attrelid = 't'::regclass AND attname = 'm'",
  ],
  ['a longer varchar', 'CREATE TABLE t (n varchar(5))', 'ALTER TABLE t ALTER n TYPE varchar(9)'],
  [
    'an enum label renamed',
    "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (n e)",
    "ALTER TYPE e RENAME VALUE 'a' TO 'b'",
  ],
  [
    'an enum label renamed and back',
    "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (n e)",
    "ALTER TYPE e RENAME VALUE 'a' TO 'b'; ALTER TYPE e RENAME VALUE 'b' TO 'a'",
  ],
  [
    'an enum in an array of a domain in a composite',
    "CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN d AS e; CREATE TYPE c AS (x int, y d[]); CREATE TABLE t (n c[])",
    "ALTER TYPE e RENAME VALUE 'a' TO 'b'",
  ],
  [
    'a column of a composite',
    'CREATE TYPE c AS (x int, y int); CREATE TABLE t (n c)',
    'ALTER TYPE c ADD ATTRIBUTE z int',
  ],
  ['a column of another table as row type', 'CREATE TABLE u (x int); CREATE TABLE t (n u)', 'ALTER TABLE u ADD y int'],
  [
    'a new version of an extension',
    "CREATE EXTENSION citext VERSION '1.4'; CREATE TABLE t (n citext[])",
    "ALTER EXTENSION citext UPDATE TO '1.5'",
  ],
  [
    'the subtype of a range',
    "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TYPE r AS RANGE (subtype = e); CREATE TABLE t (n r)",
    "ALTER TYPE e RENAME VALUE 'a' TO 'c'",
  ],
  [
    'the subtype of a multirange',
    "CREATE TYPE e AS ENUM ('a', 'b'); CREATE TYPE r AS RANGE (subtype = e, multirange_type_name = m); CREATE TABLE t (n m)",
    "ALTER TYPE e RENAME VALUE 'a' TO 'c'",
  ],
])('changes with %s', async (_, before, change) => {
  await session.query(before)
  const first = await of('t')
  expect(first.comparable).toBe(true)
  expect(await of('t')).toEqual(first)
  await session.query(change)
  expect((await of('t')).fingerprint).not.toBe(first.fingerprint)
})

test.each([
  ['rows', 'INSERT INTO t SELECT g FROM generate_series(1, 100) g'],
  ['an index and a vacuum', 'CREATE INDEX ON t (n)'],
  ['a generated column', 'ALTER TABLE t ADD g int GENERATED ALWAYS AS (n + 1) STORED'],
  ['a comment, a grant, statistics', "COMMENT ON TABLE t IS 'x'; GRANT SELECT ON t TO public; ANALYZE t"],
  ['a dropped column that was added meanwhile', 'ALTER TABLE t ADD m int; ALTER TABLE t DROP m'],
])('stays the same with %s', async (_, change) => {
  await session.query('CREATE TABLE t (n int)')
  const before = await of('t')
  await session.query(change)
  expect(await of('t')).toEqual(before)
})

test.each([
  ['regclass', 'CREATE TABLE t (n regclass)', false],
  ['an array of regtype', 'CREATE TABLE t (n regtype[])', false],
  ['aclitem in a composite', 'CREATE TYPE c AS (a aclitem); CREATE TABLE t (n c)', false],
  ['a domain over regrole', 'CREATE DOMAIN d AS regrole; CREATE TABLE t (n d)', false],
  [
    'a base type of unknown code',
    `CREATE TYPE mine; CREATE FUNCTION mine_in(cstring) RETURNS mine LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
     CREATE FUNCTION mine_out(mine) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
     CREATE TYPE mine (INPUT = mine_in, OUTPUT = mine_out, LIKE = int4); CREATE TABLE t (n mine[])`,
    false,
  ],
  [
    'a known extension',
    'CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE TABLE t (n hstore[], m citext)',
    true,
  ],
  ['an extension we do not know', 'CREATE EXTENSION isn; CREATE TABLE t (n isbn)', false],
  [
    'everything built in',
    `CREATE TABLE t (a int, b text[], c jsonb, d numeric(5,2), e timestamptz, f interval, g bytea, h inet, i uuid, j money,
     k int4range, l datemultirange, m point, n tsvector, o xml, p bit(3), q "char", r name, s oid, t pg_lsn, u jsonpath)`,
    true,
  ],
  ['no columns', 'CREATE TABLE t ()', true],
  ['money where it is printed by no locale', "SET lc_monetary = 'C'; CREATE TABLE t (n money)", true],
  ['money where a locale prints it', "SET lc_monetary = 'C.UTF-8'; CREATE TABLE t (n money)", false],
  [
    'another access method',
    'CREATE ACCESS METHOD heap_too TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE t (n int) USING heap_too',
    false,
  ],
])('comparable: %s', async (_, sql, comparable) => {
  await session.query(sql)
  expect((await of('t')).comparable).toBe(comparable)
})

test('a type that has vanished when it is looked up proves nothing', async () => {
  await session.query("CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (n e)")
  const table = (await readTables(session.query)).find(({ name }) => name === 't')!
  const tooLate: typeof session.query = async (sql, values) =>
    sql.includes('RECURSIVE') ? [] : session.query(sql, values)
  expect((await fingerprintTables(tooLate, [table])).get(table.oid)).toMatchObject({ comparable: false })
})

test('of more tables than are asked for at a time none is left out, and none comes twice', async () => {
  await session.query(
    `DO $$ BEGIN
       FOR s IN 1..3 LOOP
         EXECUTE format('CREATE SCHEMA "s %s"', s);
         FOR n IN 1..400 LOOP EXECUTE format('CREATE TABLE "s %s"."t %s" (id int, note text)', s, n); END LOOP;
       END LOOP;
     END $$`,
  )
  const expected = await session.query<{ oid: string }>(
    `SELECT c.oid::text AS oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname LIKE 's %' ORDER BY n.nspname, c.relname`,
  )
  const tables = await readTables(session.query)
  expect(tables.map(({ oid }) => String(oid))).toEqual(expected.map(({ oid }) => oid))
  expect(new Set(tables.map(({ columns }) => columns.join()))).toEqual(new Set(['id,note']))
  const fingerprints = await fingerprintTables(session.query, tables)
  expect(fingerprints.size).toBe(1200)
  expect(new Set([...fingerprints.values()].map(({ fingerprint }) => fingerprint)).size).toBe(1)
})
