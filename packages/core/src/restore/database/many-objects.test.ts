import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineEvent } from '../../events.ts'
import { resolveConnection } from '../../postgres/connection.ts'
import { createChunkReader } from '../../repository/chunks/chunk-reader.ts'
import { tableSchema } from '../../repository/documents/documents.ts'
import { readManifest } from '../../repository/documents/manifests.ts'
import { loadChunkIndex } from '../../repository/index/load-index.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { defaultRestoreOptions, type RestoreOptions } from '../options.ts'
import { planRestore } from '../plan/plan-restore.ts'
import { restoreFixture } from '../restore-fixture.ts'
import { runRestore } from '../run-restore.ts'
import { openRestoreSession } from './restore-session.ts'
import { loadTogether } from './small-tables.ts'

// Definitions and small tables go many to a query: what fails must be named all the same, and nothing be there twice.

let cluster: TemporaryCluster
const { contextOf, backup, contents } = restoreFixture(() => cluster)

beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

/** Where they are counted; a fault is named as well among the rows and definitions of half as many. */
const plenty = 150
const fewer = 80

async function manyTables(database: string, more = '', tables = fewer): Promise<void> {
  await cluster.createDatabase(database)
  await cluster.sql(
    database,
    `DO $$ BEGIN FOR n IN 0..${tables - 1} LOOP
       EXECUTE format('CREATE TABLE item_%s (id int PRIMARY KEY, parent int, code text UNIQUE, n int CHECK (n >= 0))', n);
       EXECUTE format('INSERT INTO item_%s SELECT i, i, ''code '' || i, i FROM generate_series(1, 3) i', n);
       EXECUTE format('CREATE INDEX ON item_%s (n)', n);
       EXECUTE format('ALTER TABLE item_%s ADD FOREIGN KEY (parent) REFERENCES item_%s', n, n / 2);
       EXECUTE format('COMMENT ON TABLE item_%s IS ''%s''', n, n);
     END LOOP; END $$; ${more}`,
  )
}

async function restored(database: string, options: Partial<RestoreOptions> = {}) {
  const context = await contextOf(database)
  const backupId = await backup(context)
  const events: EngineEvent[] = []
  const wanted = { ...defaultRestoreOptions, strategy: 'new-database' as const, targetDatabase: `${database}_restored` }
  const plan = await planRestore(context, { ...wanted, backupId, ...options })
  const result = runRestore(context, plan, { report: (event) => events.push(event) })
  return { result, events }
}

test('as many tables and definitions as there were, in far fewer transactions', async () => {
  await manyTables('plenty', 'CREATE ROLE keeper; ALTER TABLE item_7 OWNER TO keeper', plenty)
  const { result } = await restored('plenty')
  await result
  const [{ count } = { count: 0 }] = await cluster.sql<{ count: number }>(
    'postgres',
    "SELECT xact_commit::int AS count FROM pg_stat_database WHERE datname = 'plenty_restored'",
  )
  // ANALYZE takes one for each table; 1,050 definitions and 150 COPYs take some dozens.
  expect(count).toBeLessThan(plenty + 150)
  expect(await contents('plenty_restored')).toEqual(await contents('plenty'))
  const [owner] = await cluster.sql('plenty_restored', "SELECT tableowner FROM pg_tables WHERE tablename = 'item_7'")
  expect(owner).toEqual({ tableowner: 'keeper' })
})

test('a definition that fails among many is named, and what is live stays', async () => {
  await manyTables('orphan', "SET session_replication_role = replica; INSERT INTO item_77 VALUES (9, 99, 'nobody', 1)")
  const named = { code: 'RESTORE_FAILED', detail: { step: 'FK CONSTRAINT public.item_77 item_77_parent_fkey' } }
  await expect((await restored('orphan')).result).rejects.toMatchObject(named)
  const before = await contents('orphan')
  const inPlace = await restored('orphan', { strategy: 'in-place', targetDatabase: 'orphan', safetyBackup: false })
  await expect(inPlace.result).rejects.toMatchObject(named)
  expect(await contents('orphan')).toEqual(before)
})

test('rows that are refused among those of many tables are named', async () => {
  await manyTables(
    'strict',
    `CREATE FUNCTION fine(int) RETURNS bool LANGUAGE sql AS 'SELECT true'; ALTER TABLE item_60 ADD CHECK (fine(n));
     CREATE OR REPLACE FUNCTION fine(int) RETURNS bool LANGUAGE sql AS 'SELECT $1 < 3'`,
  )
  const { result } = await restored('strict')
  await expect(result).rejects.toMatchObject({ code: 'RESTORE_FAILED', detail: { step: 'rows of public.item_60' } })
})

test.each([
  ['beside', 'new-database' as const],
  ['in place', 'in-place' as const],
])('one that needs another search_path is mended among many: %s', async (_, strategy) => {
  const database = `paths_${strategy.replace('-', '_')}`
  await manyTables(
    database,
    `CREATE FUNCTION inside(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 1';
     CREATE FUNCTION outside(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN inside($1); END';
     CREATE INDEX special ON item_33 (outside(n));
     ALTER TABLE item_44 ADD CONSTRAINT positive CHECK (outside(n) > 0)`,
  )
  const before = await contents(database)
  const target = strategy === 'in-place' ? database : `${database}_restored`
  const { result, events } = await restored(database, { strategy, targetDatabase: target, safetyBackup: false })
  await result
  expect(await contents(target)).toEqual(before)
  const mended = events.flatMap((event) =>
    event.type === 'log' && event.message.includes('works only with') ? [event.message.split(' works only')[0]] : [],
  )
  expect(mended.filter((what) => !what?.startsWith('ANALYZE'))).toEqual([
    'Loading public.item_44',
    'INDEX public.special',
  ])
})

test('many tables at once: all or none, whatever goes wrong with one', async () => {
  await manyTables('source')
  const context = await contextOf('source')
  const { manifest } = await readManifest(context.repository, await backup(context))
  const reader = createChunkReader(context.repository, await loadChunkIndex(context.repository))
  const records = await Array.fromAsync(reader.readJsonLines(manifest.streams.tables, tableSchema))
  const parts = records.slice(0, 40).map((table) => ({ table, segments: null, bytes: table.bytes }))
  await cluster.createDatabase('target')
  await cluster.sql(
    'target',
    `DO $$ BEGIN FOR n IN 0..${fewer - 1} LOOP
       EXECUTE format('CREATE TABLE item_%s (id int, parent int, code text, n int)', n);
     END LOOP; END $$`,
  )
  const middle = parts[20]!
  const { name } = middle.table
  const how = { encoding: 'UTF8', inTransaction: false, owners: new Map() }
  const rows = async () => {
    const counts = parts.map(({ table }) => `(SELECT count(*) FROM ${table.name})`).join(' + ')
    const [row] = await cluster.sql<{ n: number }>('target', `SELECT (${counts})::int AS n`)
    return row?.n
  }
  const keys = context.repository.keys
  const session = await openRestoreSession({
    parameters: resolveConnection(cluster.url('target')),
    keys,
    application: 'test',
  })

  // A chunk that does not open: each table is loaded by itself then, which asks for another version.
  const damaging: typeof reader = {
    ...reader,
    async fetchTogether(ids) {
      const found = await reader.fetchTogether(ids)
      const id = Array.isArray(middle.table.segments) ? middle.table.segments[0]!.chunks[0]! : ''
      const sealed = found.get(id)!
      return found.set(id, { ...sealed, data: sealed.data.map((byte) => byte ^ 1) })
    },
  }
  expect(await loadTogether(session, damaging, parts, how)).toBe(false)
  // A table that was dropped in between, and one that refuses its rows.
  await cluster.sql('target', `ALTER TABLE ${name} RENAME TO gone`)
  expect(await loadTogether(session, reader, parts, how)).toBe(false)
  await cluster.sql(
    'target',
    `ALTER TABLE gone RENAME TO ${name}; ALTER TABLE ${name} ADD CONSTRAINT large CHECK (n > 9)`,
  )
  expect(await loadTogether(session, reader, parts, how)).toBe(false)
  await cluster.sql('target', `ALTER TABLE ${name} DROP CONSTRAINT large`)
  // Inside of a transaction what was done before stays.
  await session.query('BEGIN')
  await session.query("INSERT INTO public.item_0 VALUES (0, 0, 'before', 0)")
  expect(await loadTogether(session, damaging, parts, { ...how, inTransaction: true })).toBe(false)
  expect(await session.query('SELECT count(*)::int AS n FROM public.item_0')).toEqual([{ n: 1 }])
  await session.query('ROLLBACK')
  expect(await rows()).toBe(0)

  // What the chunks hold is not what the backup promises.
  const named = { code: 'ROW_COUNT_MISMATCH', message: expect.stringContaining(`public.${name} `) }
  const wrong = { ...middle, table: { ...middle.table, bytes: middle.bytes + 1 } }
  expect(await loadTogether(session, reader, [parts[0]!, wrong], how)).toBe(false)
  expect(await rows()).toBe(0)
  expect(await loadTogether(session, reader, parts, how)).toBe(true)
  expect(await rows()).toBe(3 * parts.length)
  const short = { ...middle, table: { ...middle.table, rows: 4 } }
  await expect(loadTogether(session, reader, [parts[0]!, short], how)).rejects.toMatchObject(named)

  // A session that is ended is not taken for a table's fault.
  await cluster.sql('postgres', 'SELECT pg_terminate_backend($1)', [session.backendPid])
  await expect(loadTogether(session, reader, parts, how)).rejects.toThrow()
  await session.close()
})
