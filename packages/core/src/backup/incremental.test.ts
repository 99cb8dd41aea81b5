import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineEvent } from '../events.ts'
import { prune } from '../maintenance/prune.ts'
import { deleteManifest, manifestName } from '../repository/documents/manifests.ts'
import { listVerifications } from '../repository/documents/verifications.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import { deleteMark, writeMark } from '../repository/index/marks.ts'
import { prefixes } from '../repository/layout.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import type { BackupContext } from './backup-context.ts'
import { copySource, openBackup, testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  // With fsync on the marker counts across restarts; a WAL writer that is awake has on disk what no marker forces there.
  cluster = await startTemporaryCluster({ settings: { fsync: 'on', autovacuum: 'off', wal_writer_delay: '10ms' } })
})
afterAll(() => cluster?.stop())

const shop = `CREATE TABLE big (id int PRIMARY KEY, note text);
  INSERT INTO big SELECT i, repeat(md5(i::text), 6) FROM generate_series(1, 10000) i;
  CREATE TABLE small (v text); INSERT INTO small VALUES ('one');
  CREATE TABLE empty (v text);
  SELECT lo_create(i) FROM generate_series(1, 2500) i;
  SELECT lo_put(i, 0, convert_to(repeat('large ' || i, 2000), 'UTF8')) FROM generate_series(1, 2500, 100) i`

let databases = 0
async function setUp(options: { sampleShare?: number; setUp?: string } = {}) {
  const name = `incremental_${++databases}`
  const url = await cluster.createDatabase(name)
  await cluster.sql(name, options.setUp ?? shop)
  const context = await testContext(url, { changeDetection: { sampleShare: options.sampleShare ?? 0 } })
  const events: EngineEvent[] = []
  const backup = async (changes: Parameters<typeof testOptions>[0] = {}) => {
    const report = (event: EngineEvent) => events.push(event)
    const { manifest } = await runBackup(context, testOptions({ type: 'incremental', report, ...changes }))
    return manifest
  }
  return { url, context, events, backup, sql: (text: string) => cluster.sql(name, text) }
}

async function changesOf(context: BackupContext, manifest: Awaited<ReturnType<typeof runBackup>>['manifest']) {
  const { tables } = await openBackup(context.repository, manifest)
  return Object.fromEntries([...tables.values()].map(({ name, change }) => [name, change?.reason]))
}

/** How a table came here that was not even scanned. */
const idle = 'no transaction has ended since'

/** Every row and page of the backup is what COPY says of the source. */
async function expectSource(
  url: string,
  context: BackupContext,
  manifest: Awaited<ReturnType<typeof runBackup>>['manifest'],
) {
  const opened = await openBackup(context.repository, manifest)
  for (const { schema, name } of opened.tables.values()) {
    const source = await copySource(url, `COPY ${schema}.${name} TO STDOUT`)
    expect((await opened.rows(`${schema}.${name}`)).equals(source), name).toBe(true)
  }
  const pages = await copySource(url, 'COPY (SELECT loid, pageno, data FROM pg_largeobject ORDER BY 1, 2) TO STDOUT')
  expect((await opened.largeObjectPages()).equals(pages)).toBe(true)
}

test('nothing changed: everything is taken over, and next to nothing is stored', async () => {
  const { url, context, backup } = await setUp()
  const first = await backup()
  expect(first).toMatchObject({ type: 'full', base: null, change: { reason: 'the first backup' } })

  const second = await backup()
  expect(second).toMatchObject({
    type: 'incremental',
    base: first.id,
    change: { reason: `compared with backup ${first.number}`, bytes_read: 0, segments_read: 0 },
    row_count: 10_001,
    logical_bytes: first.logical_bytes,
  })
  expect(second.change).toMatchObject({ large_objects: { kind: 'unchanged', proof: 'idle' } })
  expect(second.change).toMatchObject({ proof: 'idle' })
  expect(await changesOf(context, second)).toEqual({ big: idle, empty: idle, small: idle })
  await expectSource(url, context, second)
  // The second told how its rows came here, which the first did not; the third says the same as the second.
  await new Promise((resolve) => setTimeout(resolve, 1100))
  const third = await backup()
  expect(third.base).toBe(second.id)
  expect(third.stored_bytes).toBe(0)
  expect(third.change?.last_full_at).toBe(first.created_at)

  await cluster.sql('postgres', 'SELECT pg_current_xact_id()')
  const scanned = await backup()
  expect(scanned.change).toMatchObject({
    proof: 'scan',
    not_idle: '1 transaction has ended since',
    segments_read: 0,
    large_objects: { kind: 'unchanged', proof: 'scan' },
  })
  expect(await changesOf(context, scanned)).toEqual({ big: 'unchanged', empty: 'unchanged', small: 'unchanged' })
  await expectSource(url, context, scanned)
  // The markers of incremental backups are no change for a differential one.
  expect((await backup({ type: 'differential' })).change?.not_idle).toBe('1 transaction has ended since')
  await backup({ type: 'full' })
  await backup()
  await backup()
  const differential = await backup({ type: 'differential' })
  expect(differential.change?.not_idle).toBeUndefined()
  expect((await changesOf(context, differential)).big).toBe(idle)
})

test('what changed is read, the rest taken over; each backup restores alone', async () => {
  const { url, context, backup, sql } = await setUp()
  const first = await backup()
  await sql(`UPDATE big SET note = 'new' WHERE id = 5000; INSERT INTO small VALUES ('two');
    SELECT lo_put(1, 100, 'changed'); SELECT lo_unlink(2401)`)
  const second = await backup()
  expect(await changesOf(context, second)).toEqual({
    big: '1 of 18 segments',
    empty: 'unchanged',
    small: '1 of 1 segment',
  })
  expect(second.change).toMatchObject({
    large_objects: { kind: 'partial', reason: '2 of 3 segments' },
    segments_read: 4,
  })
  await expectSource(url, context, second)

  await sql('DELETE FROM big WHERE id = 1')
  const differential = await backup({ type: 'differential' })
  expect(differential).toMatchObject({ type: 'differential', base: first.id })
  expect(await changesOf(context, differential)).toMatchObject({ big: '2 of 18 segments', small: '1 of 1 segment' })
  await expectSource(url, context, differential)

  await deleteManifest(context.repository, first.id)
  await deleteManifest(context.repository, second.id)
  await expectSource(url, context, differential)
  const last = await backup()
  expect(last).toMatchObject({ type: 'incremental', base: differential.id, change: { segments_read: 0 } })
  await expectSource(url, context, last)
})

test('columns, settings, exclusions and segment sizes that changed are told as the reason', async () => {
  const { url, context, backup, sql } = await setUp()
  await backup()
  await sql('ALTER TABLE small ADD COLUMN w int DEFAULT 7; VACUUM FULL'.split(';')[0]!)
  await sql('VACUUM FULL big')
  const second = await backup()
  expect(await changesOf(context, second)).toEqual({
    big: 'full: relfilenode changed',
    empty: 'unchanged',
    small: 'full: columns or types changed',
  })
  await expectSource(url, context, second)
  await backup({ exclude: { tables: [], schemas: [], rows: ['big'] } })
  const back = await backup()
  expect((await changesOf(context, back)).big).toBe('full: its rows were left out before')
  await expectSource(url, context, back)
  const smaller = { ...context, resources: { ...context.resources, segmentBlocks: 8 } }
  const { manifest } = await runBackup(smaller, testOptions({ type: 'incremental' }))
  expect((await changesOf(context, manifest)).empty).toBe(idle)
  await expectSource(url, context, manifest)
})

test('a base that is damaged, lost or too old makes a full backup that says so', async () => {
  const { context, backup } = await setUp({ setUp: 'CREATE TABLE t AS SELECT 1 AS a' })
  const { storage } = context.repository
  const first = await backup()
  const sealed = await storage.get(manifestName(first.id))
  sealed[sealed.length - 1]! ^= 1
  await storage.put(manifestName(first.id), sealed)
  expect((await backup()).change?.reason).toBe(`the earlier backup ${first.id} cannot be read`)

  const index = await loadChunkIndex(context.repository)
  for (const { name } of [...index.packs()]) await storage.delete(`packs/${name.slice(0, 2)}/${name}`)
  const again = await backup()
  expect(again).toMatchObject({ type: 'full', change: { reason: 'what backup 2 says of its tables cannot be read' } })

  const old = { ...context, changeDetection: { fullEveryDays: 0 } }
  const { manifest } = await runBackup(old, testOptions({ type: 'incremental' }))
  expect(manifest.change?.reason).toBe('the last full backup is 0 days old')
})

test('a segment whose chunk is about to be pruned is read again', async () => {
  const { url, context, backup } = await setUp({
    setUp: `CREATE TABLE big AS SELECT i AS id, repeat(md5(i::text), 200) AS v FROM generate_series(1, 400) i; CREATE TABLE t AS SELECT 1 AS a`,
  })
  const first = await backup()
  const opened = await openBackup(context.repository, first)
  const [segment] = opened.tables.get('public.big')!.segments as { chunks: string[] }[]
  const index = await loadChunkIndex(context.repository)
  const mark = await writeMark(context.repository, [index.find(segment!.chunks[0]!)!.pack])
  const second = await backup()
  expect(second.base).toBe(first.id)
  expect((await changesOf(context, second)).big).toMatch(/^\d+ of \d+ segments?$/)
  await deleteMark(context.repository, mark)
  await expectSource(url, context, second)
})

test('the sample notices what no rule can: the backup becomes a full one, and the base is known to be wrong', async () => {
  const { url, context, events, backup, sql } = await setUp({
    sampleShare: 1,
    setUp: `CREATE TABLE t AS SELECT i AS id, 'AAAAAAAA' AS v FROM generate_series(1, 100) i; CREATE TABLE u AS SELECT 1 AS a`,
  })
  const first = await backup()
  const second = await backup()
  expect(second).toMatchObject({ type: 'incremental', change: { segments_sampled: 2, segments_read: 2 } })

  // A page that changes behind the server's back, as a failing disk may do.
  const [file] = (await sql(`SELECT pg_relation_filepath('t') AS path`)) as { path: string }[]
  await sql('CHECKPOINT')
  await cluster.shutdown('fast')
  const path = join(cluster.dataDirectory, file!.path)
  const pages = await readFile(path)
  pages.write('B', pages.indexOf('AAAAAAAA'))
  await writeFile(path, pages)
  await cluster.start()

  const third = await backup()
  expect(third).toMatchObject({ type: 'full', base: null })
  expect(third.change?.reason).toBe(`unchanged rows were not what backup ${second.number} has of them`)
  await expectSource(url, context, third)
  expect(events).toContainEqual(expect.objectContaining({ type: 'log', level: 'error' }))
  expect(await listVerifications(context.repository, second.id)).toMatchObject([{ ok: false }])
  expect(await listVerifications(context.repository, first.id)).toEqual([])
  const fourth = await backup()
  expect(fourth).toMatchObject({ type: 'incremental', base: third.id })
})

test('two backups of one database at once: the second is told, or waits', async () => {
  const { context, backup } = await setUp({ setUp: 'CREATE TABLE t AS SELECT 1 AS a' })
  const { storage } = context.repository
  const reached = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const slow = {
    ...context,
    repository: {
      ...context.repository,
      storage: {
        ...storage,
        put: async (...args: Parameters<typeof storage.put>) => {
          if (args[0].startsWith('backups/')) {
            reached.resolve()
            await goOn.promise
          }
          return storage.put(...args)
        },
      },
    },
  }
  const first = runBackup(slow, testOptions({ type: 'incremental' }))
  await reached.promise
  await expect(backup()).rejects.toMatchObject({ code: 'LEASE_HELD' })
  const waiting = backup({ waitMs: 60_000 })
  setTimeout(() => goOn.resolve(), 300)
  const { manifest } = await first
  expect(await waiting).toMatchObject({ type: 'incremental', base: manifest.id })
})

test('a role that may only read: no marker, and still incremental', async () => {
  const { context, sql } = await setUp()
  await sql(
    `CREATE ROLE reader LOGIN PASSWORD 'reader'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; DROP SCHEMA IF EXISTS lifeboat CASCADE`,
  )
  const database = { ...context.database, user: 'reader', password: 'reader' }
  const options = testOptions({ type: 'incremental' })
  await sql(`DO $$ BEGIN EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO reader', 1); END $$`)
  await sql(`SELECT lo_unlink(oid) FROM pg_largeobject_metadata WHERE oid > 1`)
  const { manifest: first } = await runBackup({ ...context, database }, options)
  expect(first.snapshot).toMatchObject({ marker: null, flushed: true })
  const { manifest: second } = await runBackup({ ...context, database }, options)
  expect(second).toMatchObject({
    type: 'incremental',
    base: first.id,
    change: { large_objects: { kind: 'read' } },
  })
  expect(await changesOf(context, second)).toEqual({ big: idle, empty: idle, small: idle })
  // A role that can read the pages themselves cannot compare them with what was read in another way.
  const { manifest: third } = await runBackup(context, options)
  expect(third).toMatchObject({
    base: second.id,
    change: { large_objects: { reason: 'full: pg_largeobject was not read before' } },
  })
})

test('large objects whose chunk is about to be pruned are read again', async () => {
  const { url, context, backup } = await setUp({
    setUp: `CREATE TABLE t AS SELECT 1 AS a; SELECT lo_from_bytea(i, convert_to(repeat(md5(i::text), 3000), 'UTF8')) FROM generate_series(1, 40) i`,
  })
  const first = await backup()
  const [segment] = first.large_object_segments as { chunks: string[] }[]
  const index = await loadChunkIndex(context.repository)
  const mark = await writeMark(context.repository, [index.find(segment!.chunks[0]!)!.pack])
  const second = await backup()
  expect(second.change!.large_objects.reason).toMatch(/^\d+ of \d+ segments?$/)
  await deleteMark(context.repository, mark)
  await expectSource(url, context, second)
})

test('a type that changes while a backup runs, and back: in a real backup too it does not go unnoticed', async () => {
  const { context, sql } = await setUp({
    setUp: `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t AS SELECT 'ok'::mood AS m FROM generate_series(1, 50)`,
  })
  const meddler: BackupContext['inspectors'][number] = {
    name: 'meddler',
    ledgerTables: [],
    known: async () => [],
    async applied() {
      await sql(`ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'`)
      await sql(`ALTER TYPE mood RENAME VALUE 'fine' TO 'ok'`)
      return []
    },
  }
  const options = testOptions({ type: 'incremental' })
  await expect(runBackup({ ...context, inspectors: [meddler] }, options)).rejects.toMatchObject({
    code: 'DATABASE_CHANGED',
  })
})

test('packs that a prune marks and deletes after the index was read and before the lease is held are not built on', async () => {
  const { url, context, backup } = await setUp()
  const { repository } = context
  const { storage } = repository
  // Nothing but the index leads to its packs any more, and the same rows come again.
  await deleteManifest(repository, (await backup({ type: 'full' })).id)
  const { put, get, list } = storage
  let running = 0
  let begun = 0
  let deleted: number | undefined
  Object.assign(storage, {
    async get(...asked: Parameters<typeof get>) {
      running++
      return get.call(storage, ...asked).finally(() => running--)
    },
    async *list(...asked: Parameters<typeof list>) {
      begun++
      running++
      try {
        yield* list.call(storage, ...asked)
      } finally {
        running--
      }
    },
    async put(...asked: Parameters<typeof put>) {
      if (deleted === undefined && asked[0].startsWith(prefixes.leases)) {
        deleted = 0
        // All that is read beside the taking of the lease: packs, index and marks.
        for (let quiet = 0; quiet < 10; quiet = begun >= 3 && running === 0 ? quiet + 1 : 0) await sleep(10)
        deleted = (await prune(repository, { now: true })).packsDeleted
      }
      return put.call(storage, ...asked)
    },
  })
  const manifest = await backup({ type: 'full' })
  Object.assign(storage, { put, get, list })
  expect(deleted).toBeGreaterThan(0)
  await expectSource(url, context, manifest)
})
