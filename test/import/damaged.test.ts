import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createMemoryStorage } from '@lifeboat/core/storage'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isEngineError } from '../../packages/core/src/errors.ts'
import { exportDump } from '../../packages/core/src/export/export-dump.ts'
import { importArchive } from '../../packages/core/src/import/import-archive.ts'
import { encodeArchive } from '../../packages/core/src/postgres/archive/encode-archive.ts'
import { parseArchiveHead } from '../../packages/core/src/postgres/archive/parse-archive.ts'
import { listManifests } from '../../packages/core/src/repository/documents/manifests.ts'
import { initRepository } from '../../packages/core/src/repository/init.ts'
import type { Repository } from '../../packages/core/src/repository/repository.ts'

const run = promisify(execFile)
const long = process.env.LIFEBOAT_LONG === '1'

let cluster: TemporaryCluster
let folder: string
let repository: Repository

const file = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-damaged-'))
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('small')
  await cluster.sql(
    'small',
    `CREATE TABLE t (a int, b text); INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 9) i;
     CREATE SEQUENCE s; SELECT nextval('s'); CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES;
     SELECT lo_from_bytea(900001, 'large'); SELECT lo_from_bytea(900002, '')`,
  )
  for (const level of ['0', '6'])
    await run('pg_dump', ['-Fc', `-Z${level}`, '-f', file(level), '-d', cluster.url('small')])
  repository = await initRepository(createMemoryStorage(), { encryption: 'none' })
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

async function importBytes(bytes: Buffer, pieceBytes = 4096) {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
  const { manifest } = await importArchive(repository, pieces(), {
    ...{ name: 'x', description: '', tags: {}, createdBy: 'test', pinned: false, app: { name: 'test' } },
    ...{ packBytes: 1 << 20, compressionLevel: 1 },
  })
  return manifest
}

const count = async () => (await Array.fromAsync(listManifests(repository))).length

/** What pg_restore would send, in any order, however names are quoted; null where it fails. */
async function scriptOf(bytes: Buffer | string): Promise<string | null> {
  const path = typeof bytes === 'string' ? bytes : file('script')
  if (typeof bytes !== 'string') await writeFile(path, bytes)
  try {
    const { stdout } = await run('pg_restore', ['-f', '-', path], { encoding: 'latin1', maxBuffer: 1 << 28 })
    const lines = stdout.replaceAll('"', '').replaceAll('  FROM stdin', ' FROM stdin').split('\n')
    return lines
      .filter((line) => !/^(--|\\(un)?restrict|$)/.test(line))
      .sort()
      .join('\n')
  } catch {
    return null
  }
}

async function scriptOfImported(manifest: Awaited<ReturnType<typeof importBytes>>): Promise<string | null> {
  const path = file('exported')
  await rm(path, { force: true })
  await exportDump({ repository }, { manifest, output: { file: path } })
  return scriptOf(path)
}

describe.each(['0', '6'])('a small archive, compressed with %s', (level) => {
  test('is imported as it is, in pieces of any size', async () => {
    const bytes = await readFile(file(level))
    const stock = await scriptOf(bytes)
    expect(stock).toContain('row 9')
    for (const size of [1, 7, 100_000]) expect(await scriptOfImported(await importBytes(bytes, size))).toBe(stock)
  })

  test('with a byte changed it is refused, or taken as pg_restore takes it', async () => {
    const bytes = await readFile(file(level))
    const whole = await scriptOf(bytes)
    let refused = 0
    let taken = 0
    for (let at = 0; at < bytes.length; at += long ? 1 : 97) {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8))
      const before = await count()
      try {
        const made = await scriptOfImported(await importBytes(flipped))
        const stock = await scriptOf(flipped)
        // Offsets of data are not looked at, and pg_restore trusts them.
        expect([stock, whole], `byte ${at}`).toContain(made)
        taken++
      } catch (error) {
        if (!isEngineError(error, 'ARCHIVE_INVALID')) throw error
        expect(await count()).toBe(before)
        refused++
      }
    }
    expect(refused).toBeGreaterThan(10)
    expect(taken).toBeGreaterThan(10)
  })

  test('cut short anywhere it is refused, and so is one with more behind it', async () => {
    const bytes = await readFile(file(level))
    const before = await count()
    for (let length = 0; length < bytes.length; length += long ? 1 : 61)
      await expect(importBytes(bytes.subarray(0, length)), `${length} bytes`).rejects.toMatchObject({
        code: 'ARCHIVE_INVALID',
      })
    await expect(importBytes(bytes.subarray(0, -1))).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' })
    await expect(importBytes(Buffer.concat([bytes, Buffer.from([0])]))).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
    })
    expect(await count()).toBe(before)
  })
})

describe('an archive that was made to do harm', () => {
  /** The small one with its entries changed, its data as it was. */
  async function changed(change: (archive: ReturnType<typeof parseArchiveHead>['archive']) => void): Promise<Buffer> {
    const bytes = await readFile(file('0'))
    const { archive, dataStart } = parseArchiveHead(bytes)
    change(archive)
    return Buffer.concat([encodeArchive(archive), bytes.subarray(dataStart)])
  }
  type Entry = ReturnType<typeof parseArchiveHead>['archive']['entries'][number]
  const entryOf = (entries: Entry[], kind: string) => entries.find((entry) => entry.kind === kind) as Entry

  test.each<[string, RegExp, (entries: Entry[]) => void]>([
    ['an unknown kind', /unknown kind "SPELL"/, (entries) => (entryOf(entries, 'TABLE').kind = 'SPELL')],
    [
      'COPY from a program',
      /not as pg_dump writes it/,
      (entries) => (entryOf(entries, 'TABLE DATA').copyStatement = "COPY public.t FROM PROGRAM 'id';\n"),
    ],
    [
      'a sequence that runs something',
      /not as pg_dump writes it/,
      (entries) => (entryOf(entries, 'SEQUENCE SET').definition = 'DROP TABLE t;'),
    ],
    [
      'rows twice',
      /the rows of public\.t twice/,
      (entries) => {
        for (const entry of entries.filter(({ kind }) => kind === 'TABLE DATA')) Object.assign(entry, { tag: 't' })
      },
    ],
    ['data that is missing', /belongs to no entry/, (entries) => (entryOf(entries, 'TABLE DATA').hasData = false)],
    [
      'a large object that is not described',
      /not described/,
      (entries) =>
        void entries.splice(
          entries.findIndex(({ kind }) => kind === 'BLOB'),
          1,
        ),
    ],
  ])('%s is refused', async (_, message, change) => {
    const bytes = await changed(({ entries }) => change(entries))
    await expect(importBytes(bytes)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringMatching(message),
    })
  })

  test('a statement that hides in an entry of another kind is found', async () => {
    const bytes = await changed(({ entries }) => {
      const table = entryOf(entries, 'TABLE')
      table.definition += `DO $$BEGIN PERFORM 1; END$$; CREATE EXTENSION evil; CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x', 'y';`
    })
    const findings = (await importBytes(bytes)).quarantine?.findings.map(({ kind }) => kind)
    expect(findings).toEqual(['other_statement', 'untrusted_language', 'function', 'extension', 'role'])
  })

  test('more entries or bytes than are read are refused before memory is taken for them', async () => {
    const bytes = await readFile(file('0'))
    const { archive } = parseArchiveHead(bytes)
    const head = encodeArchive({ ...archive, entries: [] })
    for (const claimed of [1_000_001, 0x7fff_ffff]) {
      const lying = Buffer.from(head)
      lying.writeUInt32LE(claimed, lying.length - 4)
      await expect(importBytes(lying)).rejects.toMatchObject({ message: expect.stringMatching(/claims/) })
    }
    const entry = Buffer.concat([head.subarray(0, -4), Buffer.from([1, 0, 0, 0]), Buffer.alloc(10)])
    const endless = Buffer.concat([entry, Buffer.from([0, 0, 0, 0, 0x7f])])
    await expect(importBytes(endless)).rejects.toMatchObject({ message: expect.stringMatching(/string is longer/) })
  })

  test('version 1.15, which pg_dump 16 writes, is read', async () => {
    for (const level of ['0', '6'] as const) {
      const bytes = await readFile(file(level))
      const { archive, dataStart } = parseArchiveHead(bytes)
      const newer = Buffer.concat([
        encodeArchive({ ...archive, header: { ...archive.header, version: 15 } }),
        bytes.subarray(dataStart),
      ])
      const manifest = await importBytes(newer)
      expect([manifest.row_count, manifest.large_object_count]).toEqual([10, 2])
    }
  })
})
