import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BackupContext } from '../../packages/core/src/backup/backup-context.ts'
import { testContext, testOptions } from '../../packages/core/src/backup/backup-fixture.ts'
import { runBackup } from '../../packages/core/src/backup/run-backup.ts'
import { openDump } from '../../packages/core/src/export/export-dump.ts'
import { tableRows } from '../../packages/core/src/export/repository-source.ts'
import { createChunkReader } from '../../packages/core/src/repository/chunks/chunk-reader.ts'
import { type Manifest, type TableRecord, tableSchema } from '../../packages/core/src/repository/documents/documents.ts'
import { loadChunkIndex } from '../../packages/core/src/repository/index/load-index.ts'
import { createMemoryStorage } from '../../packages/core/src/storage/memory.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { comparableDump, stockTools } from './stock-tools.ts'

const stock = stockTools()
let cluster: TemporaryCluster
let folder: string
let context: BackupContext
let manifest: Manifest
/** Bytes taken from packs since a test set it to 0. */
let read = 0

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'archive-test-'))
  const url = await cluster.createDatabase('wide')
  await cluster.sql(
    'wide',
    `CREATE TABLE a (n int PRIMARY KEY, t text);
     INSERT INTO a SELECT n, repeat(md5(n::text), 8) FROM generate_series(1, 20000) AS n;
     CREATE TABLE b AS TABLE a;
     UPDATE b SET t = md5(t);
     CREATE TABLE empty (x int);`,
  )
  const storage = createMemoryStorage()
  const counted: typeof storage = {
    ...storage,
    async get(name, options) {
      const bytes = await storage.get(name, options)
      if (name.startsWith('packs/')) read += bytes.length
      return bytes
    },
  }
  context = await testContext(url, { storage: counted })
  ;({ manifest } = await runBackup(context, testOptions()))
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true })
})

const opened = () => openDump(context, { manifest, compressionLevel: 0 })

async function streamed(range?: { start: number; end: number }): Promise<Buffer> {
  const stream = new PassThrough()
  const collected = buffer(stream)
  await (await opened()).write({ stream }, range)
  stream.end()
  return collected
}

test('an uncompressed archive is as long as it was said to be before, and restores', async () => {
  const dump = await opened()
  const size = await dump.size()
  const file = join(folder, 'whole.dump')
  expect(await dump.write({ file })).toMatchObject({ bytes: size })
  expect((await readFile(file)).length).toBe(size)
  await stock.restore(await cluster.createDatabase('again'), ['-j', '4', file])
  const [again, wide] = await Promise.all(
    ['again', 'wide'].map((name) => stock.dump(cluster.url(name), ['--exclude-schema=lifeboat'])),
  )
  expect(comparableDump(again as Buffer)).toBe(comparableDump(wide as Buffer))
})

test('any range of it is that of the whole', async () => {
  const whole = await streamed()
  const step = Math.floor(whole.length / 23)
  for (let start = 0; start < whole.length; start += step) {
    const end = Math.min(start + step, whole.length)
    expect([start, (await streamed({ start, end })).equals(whole.subarray(start, end))]).toEqual([start, true])
  }
  const jumps = [whole.indexOf('\n\\.\n\n\n'), whole.length - 6, Math.floor(whole.length / 3)]
  for (const start of jumps)
    expect((await streamed({ start, end: start + 5 })).equals(whole.subarray(start, start + 5))).toBe(true)
})

test('the rows before a range are not read, nor those far behind it', async () => {
  const whole = await streamed()
  const bytesRead = async (range?: { start: number; end: number }) => {
    read = 0
    await streamed(range)
    return read
  }
  const all = await bytesRead()
  const begin = await bytesRead({ start: 0, end: 100 })
  const end = await bytesRead({ start: whole.length - 20_000, end: whole.length })
  expect(begin).toBeLessThan(all / 10)
  expect(end).toBeLessThan(all / 2)
})

test('rows that are not as many bytes as their record says are damage, whole and in part', async () => {
  const reader = createChunkReader(context.repository, await loadChunkIndex(context.repository))
  for (const more of [1, -1])
    for (const from of [0, 1_000_000]) {
      const records = await Array.fromAsync(reader.readJsonLines(manifest.streams.tables, tableSchema))
      const table = records.find(({ name }) => name === 'a') as TableRecord
      const rows = tableRows(reader, { ...table, bytes: table.bytes + more }, from)
      await expect(Array.fromAsync(rows)).rejects.toMatchObject({ code: 'REPOSITORY_DAMAGED' })
      const pieces = await Array.fromAsync(tableRows(reader, table, from))
      expect(Buffer.concat(pieces).length).toBe(table.bytes - from)
    }
})

test('without a known length there is no size: compressed, or with large objects', async () => {
  expect(await (await openDump(context, { manifest })).size()).toBe(null)
  const url = await cluster.createDatabase('objects')
  await cluster.sql('objects', `SELECT lo_from_bytea(0, 'x')`)
  const other = await testContext(url)
  const { manifest: withObjects } = await runBackup(other, testOptions())
  expect(await (await openDump(other, { manifest: withObjects, compressionLevel: 0 })).size()).toBe(null)
})
