import { afterAll, beforeAll, expect, test } from 'vitest'
import { runBackup } from '../../backup/run-backup.ts'
import { resolveConnection } from '../../postgres/connection.ts'
import { createChunkReader } from '../../repository/chunks/chunk-reader.ts'
import { type TableRecord, tableSchema } from '../../repository/documents/documents.ts'
import { loadChunkIndex } from '../../repository/index/load-index.ts'
import { initRepository } from '../../repository/init.ts'
import { createMemoryStorage } from '../../storage/memory.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { openRestoreSession } from './restore-session.ts'
import { loadRows, rowsParts } from './rows.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

const table = (name: string, bytes: number, segments: number, rows = 1) =>
  ({
    name,
    bytes,
    rows,
    segments: Array.from({ length: segments }),
    blocks: segments * 10,
    segment_blocks: 10,
  }) as unknown as TableRecord

test.each([
  [
    'small ones are whole',
    [table('a', 10, 5), table('b', 100, 5)],
    2,
    [
      ['a', null],
      ['b', null],
    ],
  ],
  [
    'a big one is cut',
    [table('a', 101, 5)],
    2,
    [
      ['a', 0, 2],
      ['a', 2, Number.POSITIVE_INFINITY],
    ],
  ],
  [
    'not into more parts than segments',
    [table('a', 101, 2)],
    4,
    [
      ['a', 0, 1],
      ['a', 1, Number.POSITIVE_INFINITY],
    ],
  ],
  ['one segment cannot be cut', [table('a', 101, 1)], 4, [['a', null]]],
  ['one session has no use for it', [table('a', 101, 5)], 1, [['a', null]]],
  ['nothing to load', [table('a', 0, 1, 0)], 2, []],
  [
    'a list elsewhere is counted by blocks',
    [{ ...table('a', 101, 3), segments: { bytes: 1, level: 0, ids: [] } }],
    2,
    [
      ['a', 0, 1],
      ['a', 1, Number.POSITIVE_INFINITY],
    ],
  ],
])('parts: %s', (_, tables, sessions, expected) => {
  const parts = rowsParts(tables as TableRecord[], sessions, 100)
  expect(
    parts.map((part) => [part.table.name, ...(part.segments ? [part.segments.from, part.segments.to] : [null])]),
  ).toEqual(expected)
})

test('parts of a table, loaded by several sessions, are the table; a part that lacks rows fails', async () => {
  await cluster.createDatabase('source')
  await cluster.sql(
    'source',
    `CREATE TABLE big AS SELECT i, repeat(md5(i::text), 5) AS t FROM generate_series(1, 20000) i`,
  )
  const repository = await initRepository(createMemoryStorage(), { rawKey: Buffer.alloc(32, 1) })
  const { manifest } = await runBackup(
    {
      repository,
      database: resolveConnection(cluster.url('source')),
      inspectors: [],
      media: [],
      app: { name: 'test', version: null, installedPackages: {} },
      resources: {
        connections: 2,
        packBytes: 1 << 20,
        compressionLevel: 1,
        segmentBlocks: 16,
        maxSnapshotAgeMs: 60_000,
      },
    },
    {
      name: 'b',
      description: '',
      type: 'full',
      trigger: 'manual',
      createdBy: 't',
      tags: {},
      includeMedia: false,
      pinned: false,
      exclude: { tables: [], schemas: [], rows: [] },
      lockBudgetMs: 3000,
    },
  )
  const reader = createChunkReader(repository, await loadChunkIndex(repository))
  const records: TableRecord[] = []
  for await (const record of reader.readJsonLines(manifest.streams.tables, tableSchema)) records.push(record)
  const [big] = records
  if (!big) throw new Error('the backup has no table')
  await cluster.createDatabase('target')
  await cluster.sql('target', 'CREATE TABLE big (i int, t text)')
  const parts = rowsParts([big], 3, 1)
  expect(parts).toHaveLength(3)
  const setup = { parameters: resolveConnection(cluster.url('target')), keys: repository.keys, application: 'test' }
  const sessions = await Promise.all(parts.map(() => openRestoreSession(setup)))
  let bytes = 0
  const rows = await Promise.all(
    parts.map((part, number) => {
      const session = sessions[number]
      if (!session) throw new Error('no session')
      const onBytes = (count: number) => {
        bytes += count
      }
      return loadRows(session, reader, part, { encoding: 'UTF8', mode: 'freeze', onBytes })
    }),
  )
  expect(rows.reduce((sum, one) => sum + one, 0)).toBe(20_000)
  expect(bytes).toBe(big.bytes)
  const sum = 'SELECT count(*), md5(string_agg(t, i::text ORDER BY i)) FROM big'
  expect(await cluster.sql('target', sum)).toEqual(await cluster.sql('source', sum))

  // A manifest that promises other numbers than its chunks hold never passes, and the session stays usable.
  const [session] = sessions
  if (!session) throw new Error('no session')
  for (const wrong of [{ rows: 20_001 }, { bytes: big.bytes - 1 }, { bytes: big.bytes + 1 }]) {
    const part = { table: { ...big, ...wrong }, segments: null, bytes: 1 }
    await expect(loadRows(session, reader, part, { encoding: 'UTF8', mode: 'append' })).rejects.toMatchObject({
      code: 'ROW_COUNT_MISMATCH',
    })
  }
  expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }])

  // A table that refuses its first row ends the stream at once instead of reading it to its end.
  await cluster.sql('target', 'CREATE SCHEMA strict CREATE TABLE big (i int CHECK (i < 0), t text)')
  let read = 0
  const counting = {
    ...reader,
    async *fetchSealed(ids: Parameters<typeof reader.fetchSealed>[0]) {
      const all: string[] = []
      for await (const id of ids) all.push(id)
      for (; read < 200; read++) yield* reader.fetchSealed(all)
    },
  }
  const part = { table: { ...big, schema: 'strict' }, segments: null, bytes: 1 }
  const refused = loadRows(session, counting, part, { encoding: 'UTF8', mode: 'append' })
  await expect(refused).rejects.toMatchObject({ detail: { sqlstate: '23514' } })
  expect(read).toBeLessThan(200)

  // A storage that fails in the middle of a stream: its error comes out, the COPY is undone, the session is usable.
  const failing = {
    ...reader,
    async *fetchSealed(ids: Parameters<typeof reader.fetchSealed>[0]) {
      yield* reader.fetchSealed(ids)
      throw new Error('the storage is gone')
    },
  }
  const untouched = await cluster.sql('target', sum)
  const whole = { table: big, segments: null, bytes: 1 }
  await expect(loadRows(session, failing, whole, { encoding: 'UTF8', mode: 'append' })).rejects.toThrow(
    'storage is gone',
  )
  expect(await cluster.sql('target', sum)).toEqual(untouched)
  expect(await session.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  await Promise.all(sessions.map((one) => one.close()))
})
