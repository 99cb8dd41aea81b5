import { afterAll, beforeAll, expect, test } from 'vitest'
import { testOptions } from '../backup/backup-fixture.ts'
import { runBackup } from '../backup/run-backup.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { restoreFixture } from './restore-fixture.ts'

/** In SQL_ASCII definitions and names are bytes, which may be in no encoding. */
let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ initdbArguments: ['--encoding=SQL_ASCII', '--locale=C'] })
})
afterAll(() => cluster?.stop())
const { contextOf, backup, restore } = restoreFixture(() => cluster)

/** Statements with bytes that no client could send as text: `\xE9` in them is the byte. */
const sendRaw = (database: string, statement: string) =>
  cluster.sql(
    database,
    `SET client_encoding = 'SQL_ASCII'; DO $do$BEGIN EXECUTE convert_from('${`\\x${Buffer.from(statement, 'latin1').toString('hex')}`}'::bytea, 'SQL_ASCII'); END$do$`,
  )

const definitions = (database: string) =>
  cluster.sql(
    database,
    `SELECT 'default' AS kind, encode(convert_to(pg_get_expr(adbin, adrelid), 'SQL_ASCII'), 'hex') AS hex FROM pg_attrdef WHERE adrelid = 'public."grün"'::regclass
     UNION ALL SELECT 'comment', encode(convert_to(description, 'SQL_ASCII'), 'hex') FROM pg_description WHERE objoid >= 16384 AND description NOT LIKE 'Bookkeeping%'
     UNION ALL SELECT 'function', encode(convert_to(prosrc, 'SQL_ASCII'), 'hex') FROM pg_proc WHERE oid >= 16384
     UNION ALL SELECT 'function name', encode(convert_to(proname::text, 'SQL_ASCII'), 'hex') FROM pg_proc WHERE oid >= 16384
     UNION ALL SELECT 'view', encode(convert_to(pg_get_viewdef(oid), 'SQL_ASCII'), 'hex') FROM pg_class WHERE relkind = 'v' AND oid >= 16384
     UNION ALL SELECT 'index', encode(convert_to(relname::text, 'SQL_ASCII'), 'hex') FROM pg_class WHERE relkind = 'i' AND oid >= 16384 AND relnamespace = 'public'::regnamespace
     UNION ALL SELECT 'rows', encode(convert_to(string_agg(name, ',' ORDER BY name), 'SQL_ASCII'), 'hex') FROM "grün"
     UNION ALL SELECT 'publication', encode(convert_to(pubname::text, 'SQL_ASCII'), 'hex') FROM pg_publication
     UNION ALL SELECT 'label', encode(convert_to(enumlabel::text, 'SQL_ASCII'), 'hex') FROM pg_enum
     UNION ALL SELECT 'policy', encode(convert_to(polname::text, 'SQL_ASCII'), 'hex') FROM pg_policy
     UNION ALL SELECT 'trigger', encode(convert_to(tgname::text, 'SQL_ASCII'), 'hex') FROM pg_trigger
     ORDER BY 1, 2`,
  )

test.each(['swap', 'in-place'] as const)('%s: bytes in definitions come back as they were', async (strategy) => {
  const database = `bytes_${strategy.replace('-', '_')}`
  await cluster.createDatabase(database)
  for (const statement of [
    // A table with a name in UTF-8, everything else in Latin 1.
    Buffer.from(`CREATE TABLE "grün" (name text DEFAULT 'caf\u00e9?')`, 'utf8').toString('latin1'),
    `ALTER TABLE "gr\xc3\xbcn" ALTER name SET DEFAULT 'caf\xe9'`,
    `COMMENT ON TABLE "gr\xc3\xbcn" IS 'd\xe9j\xe0 vu'`,
    `CREATE FUNCTION ${strategy === 'swap' ? 'f\xe9' : 'f'}() RETURNS text LANGUAGE sql AS 'SELECT ''\xe9\xff''::text'`,
    `CREATE VIEW seen AS SELECT name || '\xe9' AS name FROM "gr\xc3\xbcn"`,
    `CREATE INDEX "i\xe9" ON "gr\xc3\xbcn" (name)`,
    // The server warns of it, with the statement as the context.
    `CREATE PUBLICATION ${strategy === 'swap' ? '"p\xe9"' : 'p'} FOR TABLE "gr\xc3\xbcn"`,
    `CREATE TYPE mood AS ENUM ('d\xe9j\xe0')`,
    `CREATE POLICY "po\xe9" ON "gr\xc3\xbcn" USING (name <> '\xe9')`,
    `CREATE TRIGGER "tr\xe9" BEFORE UPDATE ON "gr\xc3\xbcn" FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger('\xe9')`,
    `INSERT INTO "gr\xc3\xbcn" VALUES ('na\xefve'), (DEFAULT)`,
    `CREATE ROLE owner_${strategy.replace('-', '_')}`,
    `ALTER TABLE "gr\xc3\xbcn" OWNER TO owner_${strategy.replace('-', '_')}`,
  ])
    await sendRaw(database, statement)
  const before = await definitions(database)
  expect(before.length).toBeGreaterThan(6)
  const context = await contextOf(database)
  const id = await backup(context)
  await cluster.sql(database, 'DROP VIEW seen; TRUNCATE "grün"')
  await restore(context, id, { strategy, safetyBackup: false })
  expect(await definitions(database)).toEqual(before)
  expect(await cluster.sql(database, `SELECT tableowner FROM pg_tables WHERE tablename = 'grün'`)).toEqual([
    { tableowner: `owner_${strategy.replace('-', '_')}` },
  ])
})

test('a row of bytes that breaks a constraint: the error says which one, and no encoding', async () => {
  await cluster.createDatabase('broken_row')
  for (const statement of [
    'CREATE TABLE t (name text)',
    `INSERT INTO t VALUES ('na\xefve'), ('na\xefve')`,
    `CREATE FUNCTION same(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT pg_catalog.random()::text'`,
    'CREATE UNIQUE INDEX once ON t (same(name))',
    `CREATE OR REPLACE FUNCTION same(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT t'`,
  ])
    await sendRaw('broken_row', statement)
  const context = await contextOf('broken_row')
  const id = await backup(context)
  await expect(restore(context, id, { strategy: 'swap', safetyBackup: false })).rejects.toMatchObject({
    message: expect.stringMatching(/INDEX public\.once.*could not create unique index/s),
  })
})

test('in-place: a publication whose name is no UTF-8 is named as the reason', async () => {
  await cluster.createDatabase('in_place_publication')
  await sendRaw('in_place_publication', `CREATE PUBLICATION "p\xe9"`)
  const context = await contextOf('in_place_publication')
  const id = await backup(context)
  await expect(restore(context, id, { strategy: 'in-place', safetyBackup: false })).rejects.toMatchObject({
    code: 'DATABASE_ENCODING',
    message: expect.stringContaining('publication p\\xe9'),
  })
})

test('in-place: a function whose name is no UTF-8 cannot be dropped by name, so nothing is', async () => {
  const database = 'in_place_names'
  await cluster.createDatabase(database)
  await cluster.sql(database, 'CREATE TABLE kept (id int)')
  await sendRaw(database, `CREATE FUNCTION "f\xe9"() RETURNS int LANGUAGE sql AS 'SELECT 1'`)
  const context = await contextOf(database)
  const id = await backup(context)
  await expect(restore(context, id, { strategy: 'in-place', safetyBackup: false })).rejects.toMatchObject({
    code: 'DATABASE_ENCODING',
    message: expect.stringContaining('function f\\xe9'),
  })
  expect(await cluster.sql(database, `SELECT to_regclass('kept')::text AS name`)).toEqual([{ name: 'kept' }])
})

test.each([
  ['table', `CREATE TABLE "t\xe9" (id int)`, /relation t\\xe9 in public/],
  ['column', `CREATE TABLE plain ("c\xe9" int)`, /column c\\xe9 in plain/],
  ['schema', `CREATE SCHEMA "s\xe9"`, /schema s\\xe9/],
])('a name of a %s that is no UTF-8 is refused at once, by that name', async (kind, statement, message) => {
  const database = `names_${kind}`
  await cluster.createDatabase(database)
  await sendRaw(database, statement)
  const context = await contextOf(database, {})
  await expect(runBackup(context, testOptions())).rejects.toMatchObject({
    code: 'DATABASE_ENCODING',
    message: expect.stringMatching(message),
  })
})
