import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BackupContext } from '../../packages/core/src/backup/backup-context.ts'
import { testContext, testOptions } from '../../packages/core/src/backup/backup-fixture.ts'
import { runBackup } from '../../packages/core/src/backup/run-backup.ts'
import type { EngineEvent } from '../../packages/core/src/events.ts'
import { exportDump } from '../../packages/core/src/export/export-dump.ts'
import { exportMedia } from '../../packages/core/src/export/export-media.ts'
import { exportSql } from '../../packages/core/src/export/export-sql.ts'
import type { Manifest } from '../../packages/core/src/repository/documents/documents.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { nastyLargeObjects, nastyRoles, nastySchema } from './nasty-schema.ts'
import { comparableDump, runScript, stockTools } from './stock-tools.ts'

const stock = stockTools()
let cluster: TemporaryCluster
let folder: string
let context: BackupContext
let manifest: Manifest
let expected: string

const dumpOf = async (database: string) =>
  comparableDump(await stock.dump(cluster.url(database), ['--exclude-schema=lifeboat']))

beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { wal_level: 'logical' } })
  folder = await mkdtemp(join(tmpdir(), 'archive-test-'))
  const url = await cluster.createDatabase('nasty')
  await cluster.sql('nasty', nastyRoles)
  await cluster.sql('nasty', nastySchema.replace(':database', 'nasty'))
  await cluster.sql('nasty', nastyLargeObjects)
  for (const [name, files] of [
    ['photos', { 'a.txt': 'a', 'sub/ü b.bin': 'x'.repeat(100_000) }],
    ['letters', { 'empty.txt': '' }],
  ] as const)
    for (const [file, content] of Object.entries(files)) {
      await mkdir(join(folder, name, 'sub'), { recursive: true })
      await writeFile(join(folder, name, file), content)
    }
  context = await testContext(url, {
    media: ['photos', 'letters'].map((name) => ({ name, path: join(folder, name) })),
  })
  ;({ manifest } = await runBackup(context, testOptions({ includeMedia: true })))
  expected = await dumpOf('nasty')
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true })
})

test('a backup exported to a file restores with pg_restore -j 4, and says how far it is', async () => {
  const file = join(folder, 'whole.dump')
  const events: EngineEvent[] = []
  const result = await exportDump(context, { manifest, output: { file }, report: (event) => events.push(event) })
  const bytes = await readFile(file)
  expect(result).toEqual({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
  expect(events.at(-1)).toMatchObject({ type: 'progress', phase: 'export' })
  await stock.restore(await cluster.createDatabase('from_file'), ['-j', '4', file])
  expect(await dumpOf('from_file')).toBe(expected)
})

test('the same backup gives the same bytes every time', async () => {
  const sums = await Promise.all(
    ['one.dump', 'two.dump'].map((name) => exportDump(context, { manifest, output: { file: join(folder, name) } })),
  )
  expect(sums[0]).toEqual(sums[1])
})

test('streamed, it restores from a pipe', async () => {
  const stream = new PassThrough()
  const collected = buffer(stream)
  await exportDump(context, { manifest, output: { stream }, compressionLevel: 1 })
  stream.end()
  await stock.restoreFromPipe(await cluster.createDatabase('from_pipe'), await collected)
  expect(await dumpOf('from_pipe')).toBe(expected)
})

test('as a script it restores with psql', async () => {
  const file = join(folder, 'whole.sql')
  await exportSql(context, { manifest, output: { file } })
  await runScript(await cluster.createDatabase('from_sql'), file)
  expect(await dumpOf('from_sql')).toBe(expected)
})

test('media folders come out as one tar.gz any tar can read', async () => {
  const file = join(folder, 'media.tar.gz')
  await exportMedia(context, { manifest, output: { file } })
  const target = join(folder, 'extracted')
  await mkdir(target)
  await promisify(execFile)('tar', ['-xzf', file, '-C', target])
  expect((await readdir(target)).toSorted()).toEqual(['letters', 'photos'])
  expect(await readFile(join(target, 'photos/sub/ü b.bin'), 'utf8')).toBe('x'.repeat(100_000))
  expect(await readFile(join(target, 'letters/empty.txt'), 'utf8')).toBe('')
})

test('an aborted export leaves no file', async () => {
  const before = await readdir(folder)
  const controller = new AbortController()
  controller.abort()
  await expect(
    exportDump(context, { manifest, output: { file: join(folder, 'aborted.dump') }, signal: controller.signal }),
  ).rejects.toMatchObject({ code: 'ABORTED' })
  expect(await readdir(folder)).toEqual(before)
})

test('a reader that goes away ends the export', async () => {
  const stream = new PassThrough()
  stream.once('data', () => stream.destroy())
  await expect(exportDump(context, { manifest, output: { stream }, compressionLevel: 0 })).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
  })
})
