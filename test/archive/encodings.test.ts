import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testContext, testOptions } from '../../packages/core/src/backup/backup-fixture.ts'
import { runBackup } from '../../packages/core/src/backup/run-backup.ts'
import { exportDump } from '../../packages/core/src/export/export-dump.ts'
import { parseArchive } from '../../packages/core/src/postgres/archive/parse-archive.ts'
import {
  type DefinitionOptions,
  definitionSettings,
  definitionSteps,
} from '../../packages/core/src/restore/database/definitions/definition-steps.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { comparableDump, stockTools } from './stock-tools.ts'

const stock = stockTools()
let cluster: TemporaryCluster
let folder: string

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'archive-test-'))
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true })
})

async function runSteps(database: string, archive: Buffer, options: DefinitionOptions = {}): Promise<void> {
  const client = new Client({ connectionString: cluster.url(database) })
  await client.connect()
  const parsed = parseArchive(archive)
  for (const sql of definitionSettings(parsed)) await client.query(sql)
  for (const step of definitionSteps(parsed, options)) if (step.sql !== null) await client.query(step.sql)
  await client.end()
}

const encodings = [
  ['LATIN1', 'Größe', 'ÄÖÜ ß'],
  ['LATIN9', 'Preis in €', '€'],
  ['WIN1251', 'таблица', 'жук'],
  ['EUC_JP', 'plain', '日本語'],
  ['SQL_ASCII', 'plain', 'ascii'],
] as const

test.each(encodings)('a database in %s, by our steps and by an export', async (encoding, name, value) => {
  const database = `db_${encoding.toLowerCase()}`
  const copies = ['steps', 'export'].map((kind) => `${database}_${kind}`)
  for (const each of [database, ...copies])
    await cluster.sql('postgres', `CREATE DATABASE ${each} TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'`)
  await cluster.sql(
    database,
    `CREATE TABLE "${name}" ("col ${name}" text DEFAULT '${value}' CHECK ("col ${name}" <> '${value}!'));
     COMMENT ON TABLE "${name}" IS '${value}';
     CREATE SEQUENCE "seq ${name}";
     INSERT INTO "${name}" VALUES ('${value}'), ('\\ ${value}')`,
  )
  await runSteps(`${database}_steps`, await stock.dump(cluster.url(database), ['-Fc', '--schema-only']))
  const dumpOf = async (name: string, args: string[]) =>
    comparableDump(await stock.dump(cluster.url(name), ['--exclude-schema=lifeboat', ...args]))
  expect(await dumpOf(`${database}_steps`, ['-s'])).toBe(await dumpOf(database, ['-s']))

  const context = await testContext(cluster.url(database))
  const { manifest } = await runBackup(context, testOptions())
  const file = join(folder, `${database}.dump`)
  await exportDump(context, { manifest, output: { file } })
  await stock.restore(cluster.url(`${database}_export`), ['-j', '2', file])
  const [ours, theirs] = [await dumpOf(`${database}_export`, []), await dumpOf(database, [])]
  expect(ours).toBe(theirs)
})

test('what database and role set for their clients is in no export', async () => {
  const url = await cluster.createDatabase('settings')
  await cluster.sql(
    'settings',
    `CREATE TABLE "漢字" ("€" text DEFAULT '\\ €', f float8, b bytea, at timestamptz, i interval);
     INSERT INTO "漢字" VALUES ('€漢', 0.1::float8 + 0.2::float8, '\\x5c27ff', '2026-01-02 03:04:05+00', '1 year -2 days 3:00')`,
  )
  const expected = comparableDump(await stock.dump(url, []))
  expect(expected).toContain('€漢')
  const settings = [
    `client_encoding = 'LATIN1'`,
    `standard_conforming_strings = off`,
    `quote_all_identifiers = on`,
    `bytea_output = 'escape'`,
    `extra_float_digits = -5`,
    `"TimeZone" = 'Asia/Kolkata'`,
    `"DateStyle" = 'SQL, DMY'`,
    `"IntervalStyle" = 'sql_standard'`,
  ]
  for (const setting of settings) await cluster.sql('postgres', `ALTER DATABASE settings SET ${setting}`)
  const context = await testContext(url)
  const { manifest } = await runBackup(context, testOptions())
  const file = join(folder, 'settings.dump')
  await exportDump(context, { manifest, output: { file } })
  await stock.restore(await cluster.createDatabase('settings_export'), ['-j', '2', file])
  expect(comparableDump(await stock.dump(cluster.url('settings_export'), []))).toBe(expected)
})

test('tablespaces are kept, or left out', async () => {
  await cluster.sql('postgres', `SET allow_in_place_tablespaces = on; SELECT 1`)
  const client = new Client({ connectionString: cluster.url('postgres') })
  await client.connect()
  await client.query('SET allow_in_place_tablespaces = on')
  await client.query(`CREATE TABLESPACE "fast ""disk""" LOCATION ''`)
  await client.end()
  const url = await cluster.createDatabase('spaces')
  await cluster.sql(
    'spaces',
    `CREATE TABLE a (x int PRIMARY KEY) TABLESPACE "fast ""disk""";
     CREATE TABLE b (x int PRIMARY KEY USING INDEX TABLESPACE "fast ""disk""");
     CREATE TABLE p (x int) PARTITION BY LIST (x) TABLESPACE "fast ""disk""";
     CREATE TABLE p1 PARTITION OF p DEFAULT;
     CREATE MATERIALIZED VIEW m TABLESPACE "fast ""disk""" AS SELECT 1 AS one`,
  )
  const archive = await stock.dump(url, ['-Fc', '--schema-only'])
  for (const [database, options] of [
    ['spaces_kept', {}],
    ['spaces_out', { noTablespaces: true }],
  ] as const) {
    await cluster.createDatabase(database)
    await runSteps(database, archive, options)
  }
  const dump = async (database: string) => comparableDump(await stock.dump(cluster.url(database), ['-s']))
  expect(await dump('spaces_kept')).toBe(await dump('spaces'))
  expect(await dump('spaces')).toContain('fast ""disk""')
  expect(await dump('spaces_out')).not.toContain('disk')
})
