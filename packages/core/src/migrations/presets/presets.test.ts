import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ledgerPreset } from '../../inspectors.ts'
import type { Query } from '../../postgres/query.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { compareWith, type MigrationVerdict } from '../compare.ts'
import type { PresetOptions } from './preset.ts'
import type { LedgerPresetName } from './presets.ts'

let cluster: TemporaryCluster
let root: string
let count = 0
const query: Query = (text, values) => cluster.sql('presets', text, values ? [...values] : undefined)
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('presets')
  root = await mkdtemp(join(tmpdir(), 'presets-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(root, { recursive: true, force: true })
})

async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = join(root, String(count++))
  for (const [name, text] of Object.entries({ ...files, '.keep': '' })) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

const sha384 = (text: string) => createHash('sha384').update(text).digest('hex')
const crc = (lines: string[]) => lines.reduce((sum, line) => crc32(line, sum), 0) | 0

const versions = 'CREATE TABLE schema_migrations (version text PRIMARY KEY)'
const insert = (table: string, ...rows: string[]) =>
  `INSERT INTO ${table} VALUES ${rows.map((row) => `(${row})`).join(', ')}`
const flyway = `CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY, version varchar(50), description varchar(200), type varchar(20), script text, checksum int, installed_by text, installed_on timestamp DEFAULT now(), execution_time int, success bool)`
const flywayRow = (
  rank: number,
  version: string | null,
  description: string,
  type: string,
  checksum: number | null,
  success = true,
) =>
  `${rank}, ${version === null ? 'NULL' : `'${version}'`}, '${description}', '${type}', 'x', ${checksum ?? 'NULL'}, 'me', now(), 1, ${success}`
const liquibase = `CREATE TABLE databasechangelog (id text, author text, filename text, dateexecuted timestamp, orderexecuted int, exectype varchar(10), md5sum text)`
const django = `CREATE TABLE django_migrations (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, app varchar(255), name varchar(255), applied timestamptz DEFAULT now())`
const goose = `CREATE TABLE goose_db_version (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, version_id bigint, is_applied bool, tstamp timestamp DEFAULT now())`
const pointer = 'CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty bool)'
const sqlx = `CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text, installed_on timestamptz DEFAULT now(), success bool, checksum bytea, execution_time bigint)`
const atlas = `CREATE SCHEMA atlas_schema_revisions; CREATE TABLE atlas_schema_revisions.atlas_schema_revisions (version varchar PRIMARY KEY, description text, type int, applied int, total int, executed_at timestamptz, error text, hash text)`
const alembicFile = (id: string, down: string) =>
  `revision = '${id}'\ndown_revision: str | None = ${down}\n\ndef upgrade() -> None:\n    pass\n`
const rubyFiles = { '20260101000000_a.rb': 'a', '20260102000000_b.rb': 'b', 'schema.rb': 'no' }
const up = '-- migrate:up\nSELECT 1;\n-- migrate:down\n'

type Files = Record<string, string>
const cases: [LedgerPresetName, string, Files, MigrationVerdict, sql: string, options?: PresetOptions][] = [
  [
    'rails',
    'same',
    rubyFiles,
    'same',
    `${versions}; ${insert('schema_migrations', `'20260102000000'`, `'20260101000000'`)}`,
  ],
  ['rails', 'gap', rubyFiles, 'behind', `${versions}; ${insert('schema_migrations', `'20260102000000'`)}`],
  ['rails', 'ahead', {}, 'unknown', `${versions}; ${insert('schema_migrations', `'20260102000000'`)}`],
  ['dbmate', 'ahead', { '1_a.sql': up }, 'ahead', `${versions}; ${insert('schema_migrations', `'1'`, `'2'`)}`],
  [
    'dbmate',
    'strict gap',
    { '1_a.sql': up, '2_b.sql': up },
    'diverged',
    `${versions}; ${insert('schema_migrations', `'2'`)}`,
    { order: 'strict' },
  ],
  [
    'goose',
    'the newest row counts',
    { '001_a.sql': '', '002_b.sql': '' },
    'behind',
    `${goose}; INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (1, true), (2, true), (2, false)`,
  ],
  [
    'goose',
    'gap',
    { '1_a.sql': '', '2_b.go': '' },
    'diverged',
    `${goose}; INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, true), (2, true)`,
  ],
  [
    'golang-migrate',
    'same',
    { '1_a.up.sql': '', '1_a.down.sql': '', '2_b.up.sql': '' },
    'same',
    `${pointer}; ${insert('schema_migrations', '2, false')}`,
  ],
  [
    'golang-migrate',
    'dirty',
    { '1_a.up.sql': '', '2_b.up.sql': '' },
    'dirty',
    `${pointer}; ${insert('schema_migrations', '2, true')}`,
  ],
  [
    'golang-migrate',
    'ahead',
    { '1_a.up.sql': '', '2_b.up.sql': '' },
    'ahead',
    `${pointer}; ${insert('schema_migrations', '9, false')}`,
  ],
  [
    'alembic',
    'two heads',
    { 'a.py': alembicFile('aaa', 'None'), 'b.py': alembicFile('bbb', `'aaa'`), 'c.py': alembicFile('ccc', `'aaa'`) },
    'same',
    `CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); ${insert('alembic_version', `'bbb'`, `'ccc'`)}`,
  ],
  [
    'alembic',
    'a merge is missing',
    {
      'a.py': alembicFile('aaa', 'None'),
      'b.py': alembicFile('bbb', `'aaa'`),
      'm.py': alembicFile('mmm', `('aaa', 'bbb')`),
    },
    'behind',
    `CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); ${insert('alembic_version', `'bbb'`)}`,
  ],
  [
    'alembic',
    'unknown revision',
    { 'a.py': alembicFile('aaa', 'None') },
    'ahead',
    `CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); ${insert('alembic_version', `'zzz'`)}`,
  ],
  [
    'sqlx',
    'same',
    { '1_a.up.sql': 'SELECT 1', '1_a.down.sql': '', '2_b.sql': 'SELECT 2' },
    'same',
    `${sqlx}; INSERT INTO _sqlx_migrations VALUES (1, 'a', now(), true, '\\x${sha384('SELECT 1')}', 1), (2, 'b', now(), true, '\\x${sha384('SELECT 2')}', 1)`,
  ],
  [
    'sqlx',
    'edited',
    { '1_a.sql': 'SELECT 1' },
    'edited',
    `${sqlx}; INSERT INTO _sqlx_migrations VALUES (1, 'a', now(), true, '\\x${sha384('SELECT 9')}', 1)`,
  ],
  [
    'sqlx',
    'dirty',
    { '1_a.sql': 'SELECT 1' },
    'dirty',
    `${sqlx}; INSERT INTO _sqlx_migrations VALUES (1, 'a', now(), false, '\\x${sha384('SELECT 1')}', -1)`,
  ],
  [
    'atlas',
    'edited by atlas.sum',
    { '20260101_a.sql': '', 'atlas.sum': 'h1:all=\n20260101_a.sql h1:new=\n' },
    'edited',
    `${atlas}; INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES ('20260101', 'a', 2, 1, 1, now(), '', 'old=')`,
  ],
  [
    'atlas',
    'half applied',
    { '20260101_a.sql': '' },
    'dirty',
    `${atlas}; INSERT INTO atlas_schema_revisions.atlas_schema_revisions VALUES ('20260101', 'a', 2, 1, 3, now(), 'boom', 'old=')`,
  ],
  [
    'flyway',
    'same, whatever the line ends',
    { 'V1__a.sql': '\uFEFFSELECT 1;\r\nSELECT 2;', 'V1_2__b.sql': 'x', 'V1.10__c.sql': 'y', 'R__view.sql': 'v' },
    'same',
    `${flyway}; ${insert('flyway_schema_history', flywayRow(1, '1', 'a', 'SQL', crc(['SELECT 1;', 'SELECT 2;'])), flywayRow(2, '1.2', 'b', 'SQL', crc(['x'])), flywayRow(3, '1.10', 'c', 'SQL', crc(['y'])), flywayRow(4, null, 'view', 'SQL', crc(['v'])))}`,
  ],
  [
    'flyway',
    'what repeats has changed',
    { 'V1__a.sql': 'x', 'R__view.sql': 'new' },
    'behind',
    `${flyway}; ${insert('flyway_schema_history', flywayRow(1, '1', 'a', 'SQL', crc(['x'])), flywayRow(2, null, 'view', 'SQL', 7))}`,
  ],
  [
    'flyway',
    'failed',
    { 'V1__a.sql': 'x' },
    'dirty',
    `${flyway}; ${insert('flyway_schema_history', flywayRow(1, '1', 'a', 'SQL', crc(['x']), false))}`,
  ],
  [
    'flyway',
    'failed, then repaired',
    { 'V1__a.sql': 'x' },
    'behind',
    `${flyway}; ${insert('flyway_schema_history', flywayRow(1, '1', 'a', 'SQL', 5), flywayRow(2, '1', 'a', 'DELETE', 5))}`,
  ],
  [
    'flyway',
    'a baseline covers what is below',
    { 'V1__a.sql': 'x', 'V2__b.sql': 'x', 'V3__c.sql': 'x' },
    'behind',
    `${flyway}; ${insert('flyway_schema_history', flywayRow(1, '2', 'base', 'BASELINE', null))}`,
  ],
  [
    'liquibase',
    'same',
    {},
    'same',
    `${liquibase}; INSERT INTO databasechangelog VALUES ('1', 'me', 'db/a.xml', now(), 1, 'EXECUTED', '9:x')`,
    { known: ['db/a.xml::1::me'] },
  ],
  [
    'liquibase',
    'failed',
    {},
    'dirty',
    `${liquibase}; INSERT INTO databasechangelog VALUES ('1', 'me', 'db/a.xml', now(), 1, 'FAILED', '9:x')`,
    { known: ['db/a.xml::1::me'] },
  ],
  [
    'django',
    'squashed, replaced rows still there',
    {},
    'same',
    `${django}; INSERT INTO django_migrations (app, name) VALUES ('app', '0001_initial'), ('app', '0002_b'), ('app', '0001_squashed_0002')`,
    { known: [{ id: 'app.0001_squashed_0002', replaces: ['app.0001_initial', 'app.0002_b'] }] },
  ],
]

test.each(cases)('%s: %s', async (tool, _, files, verdict, sql, options) => {
  await cluster.sql(
    'presets',
    'DROP SCHEMA IF EXISTS atlas_schema_revisions CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public',
  )
  const inspector = ledgerPreset(tool, { migrations: await folderOf(files), ...options })
  expect(await inspector.applied(query)).toEqual([])
  await cluster.sql('presets', sql)
  const compared = compareWith(inspector, await inspector.applied(query), await inspector.known())
  expect(compared).toMatchObject({ verdict })
})

test('a lock row of Liquibase is cleared', async () => {
  await cluster.sql(
    'presets',
    `CREATE TABLE IF NOT EXISTS databasechangeloglock (id int, locked bool, lockgranted timestamp, lockedby text); INSERT INTO databasechangeloglock VALUES (1, true, now(), 'crashed')`,
  )
  const inspector = ledgerPreset('liquibase', { known: [] })
  expect(await inspector.clearLocks?.(query)).toHaveLength(1)
  expect(await query('SELECT locked FROM databasechangeloglock')).toEqual([{ locked: false }])
})

test('another table that happens to have the name is an error in words, not a history', async () => {
  await cluster.sql('presets', 'DROP TABLE IF EXISTS schema_migrations; CREATE TABLE schema_migrations (id int)')
  await expect(ledgerPreset('rails').applied(query)).rejects.toThrow('has no column version')
  expect(() => ledgerPreset('sqitch' as never)).toThrow('There is no preset "sqitch"')
})

test('the command gets the URL in the form of the tool, and its password is not in the log', async () => {
  const lines: string[] = []
  const command = { file: process.execPath, args: ['-e', 'console.log(process.env.DATABASE_URL)'] }
  const inspector = ledgerPreset('rails', { command })
  await inspector.migrate?.({
    databaseUrl: cluster.url('presets'),
    signal: new AbortController().signal,
    log: (line) => lines.push(line),
  })
  expect(lines).toEqual(['***'])
})
