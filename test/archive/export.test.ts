import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportArchive } from '../../packages/core/src/export/export-dump.ts'
import type { ExportSource } from '../../packages/core/src/export/export-source.ts'
import { exportScript } from '../../packages/core/src/export/export-sql.ts'
import { canonicalSchema } from '../../packages/core/src/postgres/archive/canonical-archive.ts'
import { encodeArchive } from '../../packages/core/src/postgres/archive/encode-archive.ts'
import { parseArchive, parseArchiveHead } from '../../packages/core/src/postgres/archive/parse-archive.ts'
import { deflatePiece } from '../../packages/core/src/repository/deflate-piece.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { liveSource } from './live-source.ts'
import { nastyLargeObjects, nastyRoles, nastySchema } from './nasty-schema.ts'
import { comparableDump, listedObjects, runScript, stockTools } from './stock-tools.ts'

/** In this thread: nobody waits for it. */
const deflater = { deflate: async (...piece: Parameters<typeof deflatePiece>) => deflatePiece(...piece), size: 2 }
/** Folders with pg_dump and pg_restore of further versions, separated by colons. */
const furtherClients = (process.env.LIFEBOAT_TEST_CLIENTS ?? '').split(':').filter((folder) => folder !== '')

let cluster: TemporaryCluster
let folder: string

beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { wal_level: 'logical' } })
  folder = await mkdtemp(join(tmpdir(), 'archive-test-'))
  await cluster.createDatabase('nasty')
  await cluster.sql('nasty', nastyRoles)
  await cluster.sql('nasty', nastySchema.replace(':database', 'nasty'))
  await cluster.sql('nasty', nastyLargeObjects)
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true })
})

describe.each([undefined, ...furtherClients])('with the clients in %s', (clients) => {
  const stock = stockTools(clients)
  // A newer pg_dump writes subscriptions with options an older server does not know.
  const without = clients === undefined ? [] : ['--no-subscriptions']
  const key = `k${createHash('sha256').update(String(clients)).digest('hex').slice(0, 6)}`
  let schema: Buffer
  let source: ExportSource
  let close: () => Promise<void>
  let expected: string

  beforeAll(async () => {
    const url = cluster.url('nasty')
    schema = await stock.dump(url, ['-Fc', '--schema-only', ...without])
    ;({ source, close } = await liveSource(url, schema))
    expected = comparableDump(await stock.dump(url, without))
  })
  afterAll(() => close?.())

  const same = async (database: string) =>
    expect(comparableDump(await stock.dump(cluster.url(database), without))).toBe(expected)

  test('an archive of pg_dump, parsed and encoded, is the same bytes', async () => {
    const whole = await stock.dump(cluster.url('nasty'), ['-Fc'])
    const { archive, dataStart } = parseArchiveHead(whole)
    expect(encodeArchive(archive).equals(whole.subarray(0, dataStart))).toBe(true)
  })

  test('pg_restore lists the same objects in the same order as in its own dump', async () => {
    const ours = join(folder, `${key}.dump`)
    const theirs = join(folder, `${key}.theirs.dump`)
    await exportArchive(source, deflater, { output: { file: ours } })
    await writeFile(theirs, await stock.dump(cluster.url('nasty'), ['-Fc', ...without]))
    expect(listedObjects(await stock.list(ours))).toEqual(listedObjects(await stock.list(theirs)))
  })

  test.each([0, 1, 6, 9])('a file of level %i restores the same database, one by one', async (level) => {
    const file = join(folder, `${key}.${level}.dump`)
    const result = await exportArchive(source, deflater, { output: { file }, compressionLevel: level })
    const bytes = await readFile(file)
    expect(result).toEqual({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
    const url = await cluster.createDatabase(`${key}_one_${level}`)
    await stock.restore(url, [file])
    await same(`${key}_one_${level}`)
  })

  test('offsets are filled in, so that pg_restore -j 4 restores the same database', async () => {
    const file = join(folder, `${key}.parallel.dump`)
    await exportArchive(source, deflater, { output: { file } })
    const bytes = await readFile(file)
    const withData = parseArchive(bytes).entries.filter((entry) => entry.hasData)
    expect(withData.length).toBeGreaterThan(15)
    for (const { data, dumpId } of withData) {
      if (data.state !== 'set') throw new Error(`no offset for ${dumpId}`)
      expect([1, 3]).toContain(bytes[data.offset])
      expect(bytes.readUInt32LE(data.offset + 2)).toBe(dumpId)
    }
    const url = await cluster.createDatabase(`${key}_parallel`)
    await stock.restore(url, ['-j', '4', file])
    await same(`${key}_parallel`)
  })

  test('a stream has no offsets and restores from a pipe', async () => {
    const stream = new PassThrough()
    const collected = buffer(stream)
    const result = await exportArchive(source, deflater, { output: { stream } })
    stream.end()
    const bytes = await collected
    expect(result).toEqual({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') })
    expect(parseArchive(bytes).entries.some((entry) => entry.data.state === 'set')).toBe(false)
    const url = await cluster.createDatabase(`${key}_pipe`)
    await stock.restoreFromPipe(url, bytes)
    await same(`${key}_pipe`)
  })

  test('the canonical form of the schema serves as well', async () => {
    const file = join(folder, `${key}.canonical.dump`)
    const canonical = Buffer.concat([...canonicalSchema(schema)])
    await exportArchive({ ...source, schema: canonical }, deflater, { output: { file } })
    const url = await cluster.createDatabase(`${key}_canonical`)
    await stock.restore(url, ['-j', '2', file])
    await same(`${key}_canonical`)
  })

  test('a plain script made of it by pg_restore is the one made of its own dump', async () => {
    // We quote every name, and write backslashes as E'' strings: the same things.
    const script = async (file: string) =>
      (await readFile(file))
        .toString()
        .replaceAll(/^--.*$|"/gm, '')
        .replace("E'it''s \\\\ empty'", "'it''s \\ empty'")
    const [ours, theirs] = [join(folder, `${key}.ours.sql`), join(folder, `${key}.theirs.sql`)]
    await stock.script(join(folder, `${key}.dump`), ours)
    await stock.script(join(folder, `${key}.theirs.dump`), theirs)
    const withoutGuard = (text: string) => text.replaceAll(/^\\(un)?restrict .*$/gm, '')
    expect(withoutGuard(await script(ours))).toBe(withoutGuard(await script(theirs)))
  })
})

test.skipIf(furtherClients.length === 0)(
  'version 1.15, which PostgreSQL 16 writes, is read by a later pg_restore',
  async () => {
    const old = parseArchive(await stockTools().dump(cluster.url('nasty'), ['-Fc', '--schema-only']))
    const schema = encodeArchive({ ...old, header: { ...old.header, version: 15 } })
    const { source, close } = await liveSource(cluster.url('nasty'), schema)
    const stock = stockTools(furtherClients[0])
    for (const compressionLevel of [0, 6]) {
      const file = join(folder, `v15.${compressionLevel}.dump`)
      await exportArchive(source, deflater, { output: { file }, compressionLevel })
      expect(await stock.list(file)).toContain('Dump Version: 1.15-0')
      const url = await cluster.createDatabase(`v15_${compressionLevel}`)
      await stock.restore(url, ['-j', '4', file])
      const dumps = await Promise.all([url, cluster.url('nasty')].map((each) => stockTools().dump(each)))
      expect(comparableDump(dumps[0] as Buffer)).toBe(comparableDump(dumps[1] as Buffer))
    }
    await close()
  },
)

test('a plain script restores the same database', async () => {
  const stock = stockTools()
  const schema = await stock.dump(cluster.url('nasty'), ['-Fc', '--schema-only'])
  const { source, close } = await liveSource(cluster.url('nasty'), schema)
  const file = join(folder, 'nasty.sql')
  const result = await exportScript(source, { output: { file } })
  await close()
  const script = await readFile(file)
  expect(result).toEqual({ bytes: script.length, sha256: createHash('sha256').update(script).digest('hex') })
  expect(
    script
      .toString()
      .match(/^\\.*$/gm)
      ?.every((line) => line === '\\.'),
  ).toBe(true)
  const url = await cluster.createDatabase('from_script')
  await runScript(url, file)
  expect(comparableDump(await stock.dump(url))).toBe(comparableDump(await stock.dump(cluster.url('nasty'))))
})

test('an export that fails leaves no file, and says what failed', async () => {
  const { source, close } = await liveSource(
    cluster.url('nasty'),
    await stockTools().dump(cluster.url('nasty'), ['-Fc', '--schema-only']),
  )
  const failing: ExportSource = {
    ...source,
    async *tables() {
      for await (const table of source.tables())
        yield {
          ...table,
          async *rows() {
            yield* table.rows()
            if (table.name === 'parent') throw new Error('unreadable')
          },
        }
    },
  }
  const before = await readdir(folder)
  await expect(exportArchive(failing, deflater, { output: { file: join(folder, 'failing.dump') } })).rejects.toThrow(
    'unreadable',
  )
  expect(await readdir(folder)).toEqual(before)
  await expect(
    exportArchive(source, deflater, { output: { file: join(folder, 'none', 'x.dump') } }),
  ).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
  })
  await expect(stat(join(folder, 'failing.dump'))).rejects.toThrow()
  await close()
})
