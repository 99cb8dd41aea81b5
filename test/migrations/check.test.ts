import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type BackupEngine, createBackupEngine } from '../../packages/core/src/engine.ts'
import { knexInspector, ledgerInspector } from '../../packages/core/src/inspectors.ts'
import type { MigrationInspector } from '../../packages/core/src/migrations/inspector.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'

/** `migrations check`: each inspector on an empty database. */
let cluster: TemporaryCluster
let root: string
let count = 0
const engines: BackupEngine[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.sql('postgres', `CREATE ROLE plain LOGIN PASSWORD 'x' CREATEDB`)
  root = await mkdtemp(join(tmpdir(), 'lifeboat-check-'))
  await writeFile(
    join(root, '1_a.cjs'),
    'exports.up = (knex) => knex.raw("CREATE TABLE a ()"); exports.down = () => {}',
  )
})
afterAll(async () => {
  for (const engine of engines) await engine.stop()
  await cluster?.stop()
  await rm(root, { recursive: true, force: true })
})

async function engineWith(migrations: MigrationInspector[], owner?: string): Promise<BackupEngine> {
  const name = `check_${++count}`
  await cluster.createDatabase(name, owner ? { owner } : {})
  await cluster.sql(name, 'CREATE TABLE versions (id text)')
  const url = owner ? cluster.url(name, { name: owner, password: 'x' }) : cluster.url(name)
  const repository = join(root, name)
  const engine = createBackupEngine({ database: url, repository, encryption: 'none', migrations })
  engines.push(engine)
  await engine.repository.init()
  return engine
}

async function leftovers(): Promise<unknown[]> {
  return cluster.sql('postgres', "SELECT datname FROM pg_database WHERE datname LIKE 'lifeboat%'")
}

const table = 'CREATE TABLE IF NOT EXISTS versions (id text)'
/** A tool as plain as can be: it runs SQL where it is told to, or elsewhere. */
function plain(name: string, known: string[], run: (url: string) => Promise<void>): MigrationInspector {
  return {
    ...ledgerInspector({ name, table: 'versions', idColumn: 'id', known }),
    ledgerTables: [`public.${name}`],
    migrate: ({ databaseUrl }) => run(databaseUrl),
  }
}
async function sql(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(text).finally(() => client.end())
}

test('a tool that works, as superuser and as a plain owner; nothing stays', async () => {
  for (const owner of [undefined, 'plain']) {
    const engine = await engineWith([knexInspector({ migrations: root })], owner)
    expect(await engine.migrations.check()).toEqual({
      database: `check_${count}`,
      ok: true,
      inspectors: [
        {
          ...{ inspector: 'knex', ok: true, known: 1, migrations: ['1_a.cjs'], error: null },
          ...{ can_migrate: true, can_go_back: true },
        },
      ],
    })
    expect(await cluster.sql(`check_${count}`, "SELECT to_regclass('a')::text AS a")).toEqual([{ a: null }])
  }
  expect(await leftovers()).toEqual([])
})

test('each that fails says why, and the others are tried all the same', async () => {
  const engine = await engineWith([
    plain('fails', ['1'], () => Promise.reject(new Error('no such program'))),
    plain('does_nothing', ['1'], async () => {}),
    plain('empty', [], async () => {}),
    ledgerInspector({ table: 'others', idColumn: 'id', known: ['1'] }),
    plain('works', ['1'], (url) => sql(url, `${table}; INSERT INTO versions VALUES ('1')`)),
  ])
  const { ok, inspectors } = await engine.migrations.check()
  expect(ok).toBe(false)
  expect(inspectors.map(({ inspector, ok, error }) => [inspector, ok, error?.text])).toEqual([
    ['fails', false, expect.stringContaining('no such program')],
    ['does_nothing', false, expect.stringContaining('1 still missing afterwards')],
    ['empty', false, expect.stringContaining('The code names no migrations')],
    ['others', true, undefined],
    ['works', true, undefined],
  ])
  expect(inspectors.find(({ inspector }) => inspector === 'others')).toMatchObject({ can_migrate: false })
  expect(await leftovers()).toEqual([])
})

test('a tool that migrates the live database is found out at once', async () => {
  const engine = await engineWith([
    plain('elsewhere', ['1'], () => sql(cluster.url(`check_${count}`), "INSERT INTO versions VALUES ('1')")),
  ])
  await expect(engine.migrations.check()).rejects.toMatchObject({ code: 'MIGRATION_WRONG_DATABASE' })
  expect(await leftovers()).toEqual([])
})

test('an abort leaves no database, and no inspector is not well', async () => {
  const controller = new AbortController()
  const engine = await engineWith([
    plain('slow', ['1'], async (url) => {
      setTimeout(() => controller.abort(), 100)
      await sql(url, 'SELECT pg_sleep(1)')
    }),
  ])
  await expect(engine.migrations.check({ signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' })
  expect(await leftovers()).toEqual([])
  expect(await (await engineWith([])).migrations.check()).toMatchObject({ ok: false, inspectors: [] })
})
