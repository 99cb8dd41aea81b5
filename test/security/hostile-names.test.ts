import { execFile } from 'node:child_process'
import { access, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { hostileNames } from './hostile-names.ts'

let cluster: TemporaryCluster
let folder: string
let engine: BackupEngine
let names: string[]
const rawKey = '07'.repeat(32)
const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
/** As much of a text as a name or description may have. */
const within = (length: number, text: string) => text.slice(0, length)
const literal = (text: string) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { max_locks_per_transaction: 256 } })
  folder = await mkdtemp(join(tmpdir(), 'lb-'))
  names = hostileNames(join(folder, 'm'))
  await cluster.createDatabase('app')
  const statements = names.map(
    (name) => `CREATE TABLE ${quote(name)} (${quote(name)} text DEFAULT ${literal(name)}, id serial);
      INSERT INTO ${quote(name)} DEFAULT VALUES;
      COMMENT ON TABLE ${quote(name)} IS ${literal(name)}`,
  )
  await cluster.sql('app', statements.join(';\n'))
  engine = createBackupEngine({
    database: cluster.url('app'),
    repository: join(folder, 'repository'),
    encryption: { rawKey },
  })
  await engine.repository.init()
})
afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Every table with its column, comment and row, as the database has them. */
const contents = async (database: string) =>
  cluster.sql(
    database,
    `SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS comment,
       query_to_xml(format('SELECT * FROM %s', c.oid::regclass), true, false, '')::text AS rows
     FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname COLLATE "C"`,
  )
/** Nothing was run, and nothing was written beside what was asked for. */
async function expectNoHarm(): Promise<void> {
  await expect(access(join(folder, 'm'))).rejects.toThrow()
  const left = await cluster.sql<{ name: string }>('postgres', 'SELECT datname AS name FROM pg_database')
  expect(left.map(({ name }) => name)).toContain('app')
}

test('from the database through the library into a copy, and out through stock pg_restore', async () => {
  expect(names.length).toBeGreaterThanOrEqual(300)
  const texts = Object.fromEntries(names.map((name, index) => [`${index}`, name]))
  const name = within(200, names.join(''))
  const description = within(4000, names.join(' '))
  const made = await engine.backups.create({ name, description, tags: texts })
  expect(made).toMatchObject({ name, description, tags: texts, table_count: names.length, row_count: names.length })
  const details = await engine.backups.details('latest')
  expect(Object.keys(details.table_counts).sort()).toEqual(names.map((name) => `public.${name}`).sort())
  await engine.restores.run('latest', { confirm: true, strategy: 'new-database', targetDatabase: 'copy' })
  expect(await contents('copy')).toEqual(await contents('app'))
  const file = join(folder, 'app.dump')
  await engine.backups.export('latest', { file })
  const stock = `/usr/lib/postgresql/${cluster.majorVersion}/bin/pg_restore`
  await cluster.createDatabase('stock')
  await promisify(execFile)(stock, ['--exit-on-error', '--dbname', cluster.url('stock'), file])
  expect(await contents('stock')).toEqual(await contents('app'))
  await expectNoHarm()
})

test('through the command: as arguments, and shown without a control character', async () => {
  const env = {
    DATABASE_URL: cluster.url('app'),
    LIFEBOAT_REPOSITORY: join(folder, 'repository'),
  }
  await writeFile(join(folder, 'key'), rawKey)
  const key = ['--key-file', join(folder, 'key')]
  // A star stands for any characters; every other name is exactly itself.
  const exact = names.filter((name) => !name.includes('*'))
  const made = await runCli(
    [
      'backup',
      ...key,
      '--json',
      `--name=${within(200, names.join(' '))}`,
      ...exact.map((name) => `--exclude-rows=public.${quote(name)}`),
      ...names.map((name, index) => `--tag=${index}=${name}`),
    ],
    { env },
  )
  expect(made.code, made.stderr).toBe(0)
  expect(made.json()).toMatchObject({ backup: { row_count: names.length - exact.length } })
  for (const args of [['list'], ['show', 'latest'], ['restore', 'latest', '--dry-run'], ['verify', 'latest']]) {
    const { code, stdout, stderr } = await runCli([...args, ...key], { env })
    expect({ args, code, stderr }).toMatchObject({ args, code: 0 })
    expect([args, (stdout + stderr).match(/(?!\n)[\p{Cc}\p{Cf}]/gu)]).toEqual([args, null])
  }
  // As references and as targets they are refused, or are what they say; nothing is taken for an option's value.
  for (const name of names.filter((_, index) => index % 40 === 0)) {
    const shown = await runCli(['show', ...key, '--', name], { env })
    expect([name, shown.code]).toEqual([name, expect.not.stringMatching(/^0$/)])
    expect(shown.stderr.match(/(?!\n)[\p{Cc}\p{Cf}]/gu)).toBeNull()
  }
  await expectNoHarm()
})

test('as names of databases: replaced, put back, kept, and left alone', async () => {
  for (const name of names.filter((_, index) => index % 45 === 0)) {
    await cluster.createDatabase(name)
    await cluster.sql(name, 'CREATE TABLE what AS SELECT 1 AS it')
    const own = createBackupEngine({
      database: cluster.url(name),
      repository: join(folder, 'repository'),
      encryption: { rawKey },
    })
    const { id } = await own.backups.create({ name })
    await cluster.sql(name, 'UPDATE what SET it = 2')
    const restored = await own.restores.run(id, { confirm: true, safetyBackup: false, overrides: ['no-safety-backup'] })
    expect(await cluster.sql(name, 'SELECT it FROM what')).toEqual([{ it: 1 }])
    await own.restores.undo(restored.kept_database as string)
    expect(await cluster.sql(name, 'SELECT it FROM what')).toEqual([{ it: 2 }])
    await own.restores.discard('latest')
    await own.stop()
  }
  const entries = await readdir(folder)
  expect(entries.sort()).toEqual(['app.dump', 'key', 'repository'])
  await expectNoHarm()
})
