import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isEngineError } from '../../errors.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { canonicalSchema } from './canonical-archive.ts'
import { encodeArchive } from './encode-archive.ts'
import { openArchive, parseArchive } from './parse-archive.ts'

const run = promisify(execFile)

let cluster: TemporaryCluster
let dump: Buffer
let later: Buffer

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  const url = await cluster.createDatabase('small')
  await cluster.sql('small', `CREATE TABLE "Größe" (id int PRIMARY KEY, t text DEFAULT 'é'); CREATE VIEW v AS SELECT 1`)
  const pgDump = async () =>
    (await run('pg_dump', ['-Fc', '--schema-only', url], { encoding: 'buffer', maxBuffer: 1e9 })).stdout
  dump = await pgDump()
  await new Promise((resolve) => setTimeout(resolve, 1100))
  later = await pgDump()
})
afterAll(() => cluster.stop())

describe('parse and encode', () => {
  test('are inverse on what pg_dump writes', () => {
    expect(encodeArchive(parseArchive(dump)).equals(dump)).toBe(true)
  })

  test('read names, sections and dependencies', () => {
    const archive = parseArchive(dump)
    const table = archive.entries.find((entry) => entry.kind === 'TABLE')
    expect(table).toMatchObject({ tag: 'Größe', schema: 'public', section: 'pre-data', owner: 'postgres' })
    const key = archive.entries.find((entry) => entry.kind === 'CONSTRAINT')
    expect(key?.dependencies).toContain(table?.dumpId)
  })

  test('entry by entry is the same, as often as it is asked for, whatever its text is', () => {
    const foreign = Buffer.from(dump.toString('latin1').replaceAll('\xc3\xb6', '\xf6\xf6'), 'latin1')
    for (const [bytes, text] of [
      [dump, 'utf8'],
      [foreign, 'latin1'],
    ] as const) {
      const { header, entries } = openArchive(bytes)
      expect(header.text).toBe(text)
      for (const _ of [1, 2]) expect({ header, entries: [...entries] }).toEqual(parseArchive(bytes))
    }
  })

  test('entry by entry refuses what is cut before anything is given out', () => {
    for (let length = 0; length < dump.length; length += 7)
      expect(() => openArchive(dump.subarray(0, length))).toThrow(/cannot be read/)
  })
})

const canonicalBytes = (bytes: Uint8Array) => Buffer.concat([...canonicalSchema(bytes)])

describe('canonical form', () => {
  test('an unchanged schema gives the same bytes at another time', () => {
    expect(dump.equals(later)).toBe(false)
    expect(canonicalBytes(dump).equals(canonicalBytes(later))).toBe(true)
  })

  test('is its own canonical form', () => {
    const once = canonicalBytes(dump)
    expect(canonicalBytes(once).equals(once)).toBe(true)
  })
})

describe('hostile input', () => {
  const attempt = (bytes: Uint8Array) => {
    try {
      const archive = parseArchive(bytes)
      expect(Array.isArray(archive.entries)).toBe(true)
      return true
    } catch (error) {
      if (!isEngineError(error, 'ARCHIVE_INVALID')) throw error
      return false
    }
  }

  test('every cut is refused', () => {
    for (let length = 0; length < dump.length; length++) expect(attempt(dump.subarray(0, length))).toBe(false)
  })

  test('every flipped bit gives a valid archive or ARCHIVE_INVALID', () => {
    const copy = Buffer.from(dump)
    for (let at = 0; at < copy.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        copy[at] = (dump[at] as number) ^ (1 << bit)
        attempt(copy)
        copy[at] = dump[at] as number
      }
  })

  test('thousands of seeded damages end well', () => {
    let state = 42
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    for (let round = 0; round < 3000; round++) {
      const copy = Buffer.from(dump)
      for (let damages = 1 + random(8); damages > 0; damages--) {
        const [from, to, length] = [random(copy.length), random(copy.length), random(64)]
        if (random(2) === 0) copy.copyWithin(to, from, Math.min(from + length, copy.length))
        else copy.fill(random(256), from, Math.min(from + random(6), copy.length))
      }
      attempt(copy.subarray(0, copy.length - random(2) * random(100)))
    }
  })

  test('a count or a length beyond the file costs nothing', () => {
    const copy = Buffer.from(dump)
    for (let at = 11; at < copy.length - 5; at++) {
      copy.writeUInt32LE(0x7fffffff, at)
      attempt(copy)
      dump.copy(copy, at, at, at + 4)
    }
  })
})
