import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { isEngineError } from '../errors.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { type Storage, StorageObjectMissing } from '../storage/storage.ts'
import { createChunkReader } from './chunks/chunk-reader.ts'
import { damaged } from './damage.ts'
import { newBackupId } from './documents/backup-id.ts'
import type { StreamRef } from './documents/documents.ts'
import { listManifests } from './documents/manifests.ts'
import { checkNumbers, claimNumber } from './documents/numbers.ts'
import { listPins, setPin } from './documents/pins.ts'
import { emptyStream, sampleManifest } from './documents/sample-manifest.ts'
import type { UnreadableObject } from './documents/unreadable.ts'
import { listVerifications, recordVerification } from './documents/verifications.ts'
import { loadChunkIndex } from './index/load-index.ts'
import { listMarks, writeMark } from './index/marks.ts'
import { initRepository } from './init.ts'
import { listKeySlots } from './keys/key-slots.ts'
import { openRepository } from './open.ts'
import { checkPack } from './packs/pack-reader.ts'
import { createRepositoryWriter } from './repository-writer.ts'

const key = { rawKey: randomBytes(32) }
const id = newBackupId()
const contents = [Buffer.from('a table\t1\n'.repeat(60)), randomBytes(300), randomBytes(1100)]
/** Errors that say: this is not as it was written. Anything else (a TypeError, a wrong byte) is a hole. */
const findings = [
  'REPOSITORY_DAMAGED',
  'REPOSITORY_FORMAT_NEWER',
  'NOT_A_REPOSITORY',
  'CHUNK_MISSING',
  'WRONG_KEY',
  'KEY_MISSING',
] as const

let objects: Map<string, Buffer>

/**
 * Under `npm run test:long` every byte, and every length: some 13,000 times everything is read. Otherwise every byte of
 * the first and last 64 of an object, where its headers, tables and seals are, and every seventeenth between, of other remainders
 * for each object.
 */
const step = process.env.LIFEBOAT_LONG === '1' ? 1 : 17
function placesIn(data: Buffer): number[] {
  const edge = 64
  const places = [...data.keys()]
  return places.filter((at) => at < edge || at >= data.length - edge || (at + data.length) % step === 0)
}

vi.setConfig({ testTimeout: 300_000 })

beforeAll(async () => {
  const storage = createMemoryStorage()
  // Small chunks, so that a stream has several, and not all in one pack.
  const chunker = { minBytes: 64, normalBytes: 96, maxBytes: 128, strictBits: 8, looseBits: 4 }
  const repository = await initRepository(storage, key, { chunker })
  const writer = createRepositoryWriter(repository, { index: await loadChunkIndex(repository), packBytes: 1600 })
  const refs: StreamRef[] = []
  for (const content of contents) refs.push(await writer.writeStream(content))
  expect(Math.max(...refs.map((ref) => ref.ids.length + ref.level))).toBeGreaterThan(3)
  await writer.finish()
  const [schema, sequences, largeObjects] = refs as [StreamRef, StreamRef, StreamRef]
  const streams = { schema, tables: emptyStream, sequences, large_objects: largeObjects }
  await writer.commit(sampleManifest(id, streams, { number: await claimNumber(repository) }))
  await setPin(repository, id, true, { by: 'somebody' })
  await recordVerification(repository, { backup: id, level: 'checksums', at: new Date().toISOString(), ok: true })
  await writeMark(repository, ['ab'.repeat(32)])
  objects = new Map()
  for await (const { name } of storage.list('')) objects.set(name, await storage.get(name))
  // People's files are not part of what is promised.
  objects.delete('README.txt')
  objects.delete('recover.mjs')
})

describe('a small repository', () => {
  it('is sound, and at most 16 KB', async () => {
    const size = [...objects.values()].reduce((sum, data) => sum + data.length, 0)
    expect(size).toBeLessThan(16_384)
    expect(await isFound('README.txt', Buffer.from('anything'))).toBe(false)
    const kinds = new Set([...objects.keys()].map((name) => name.split('/')[0]))
    const all = ['backups', 'config', 'index', 'keys', 'marks', 'numbers', 'packs', 'pins', 'verified']
    expect([...kinds].sort()).toEqual(all)
    expect(await readEverything(storageOf(objects))).toEqual(contents)
  })

  it('notices every flipped byte', async () => {
    const missed: string[] = []
    for (const [name, data] of objects) {
      for (const at of placesIn(data)) {
        const flipped = Buffer.from(data)
        flipped[at]! ^= 1 << (at % 8)
        if (!(await isFound(name, flipped))) missed.push(`${name} byte ${at}`)
      }
    }
    expect(missed).toEqual([])
  })

  it('notices every object cut at every length', async () => {
    const missed: string[] = []
    for (const [name, data] of objects) {
      for (const length of placesIn(data)) {
        if (!(await isFound(name, data.subarray(0, length)))) missed.push(`${name} cut at ${length}`)
      }
    }
    expect(missed).toEqual([])
  })

  it('notices bytes added to any object, and objects exchanged for one another', async () => {
    const missed: string[] = []
    for (const [name, data] of objects) {
      for (const extra of [Buffer.from([0]), Buffer.from('\n'), data]) {
        if (!(await isFound(name, Buffer.concat([data, extra])))) missed.push(`${name} lengthened by ${extra.length}`)
      }
      for (const [other, otherData] of objects) {
        if (other !== name && !(await isFound(name, otherData))) missed.push(`${name} replaced by ${other}`)
      }
    }
    expect(missed).toEqual([])
  })
})

/** Whether reading everything in a repository with one object changed fails as it should. */
async function isFound(name: string, data: Buffer): Promise<boolean> {
  try {
    await readEverything(storageOf(new Map([...objects, [name, data]])))
    return false
  } catch (error) {
    if (findings.some((code) => isEngineError(error, code))) return true
    throw error
  }
}

/** Opens and reads all there is, first as a restore does, then as a check does; never lets a wrong byte pass. */
async function readEverything(storage: Storage): Promise<Buffer[]> {
  const repository = await openRepository(storage, key)
  const index = await loadChunkIndex(repository)
  const read: Buffer[] = []
  for await (const { manifest, error } of listManifests(repository)) {
    if (manifest === undefined) throw error
    const reader = createChunkReader(repository, index)
    for (const ref of [manifest.streams.schema, manifest.streams.sequences, manifest.streams.large_objects]) {
      const expected = contents[read.length]!
      let at = 0
      for await (const piece of reader.readStream(ref)) {
        if (!piece.equals(expected.subarray(at, at + piece.length))) throw new Error('Wrong bytes were delivered.')
        at += piece.length
      }
      if (at !== expected.length) throw new Error('A stream ended early without an error.')
      read.push(expected.subarray(0, at))
    }
  }
  // What carries no data keeps nothing from going on: it is noted.
  if (repository.configError) throw repository.configError
  const unreadable: UnreadableObject[] = []
  await listKeySlots(repository, { unreadable })
  await listPins(repository, { unreadable })
  await listVerifications(repository, undefined, { unreadable })
  await listMarks(repository, { unreadable })
  await checkNumbers(repository, { unreadable })
  if (unreadable[0]) throw damaged(unreadable[0].object, 'cannot be read')
  for (const pack of index.packs()) await checkPack(repository, pack.name)
  return read
}

/** A read-only storage over a map: faster than copying a memory storage for each of thousands of trials. */
function storageOf(map: Map<string, Buffer>): Storage {
  const get = (name: string) => {
    const data = map.get(name)
    if (data === undefined) throw new StorageObjectMissing(name, 'test')
    return data
  }
  const memory = createMemoryStorage()
  return {
    ...memory,
    async get(name, options) {
      const data = get(name)
      if (options?.offset === undefined && options?.length === undefined) return Buffer.from(data)
      // Ranges behave as the contract of storages has them: see storage/memory.ts.
      await memory.put('range', data)
      return memory.get('range', options)
    },
    async stat(name) {
      const data = map.get(name)
      return data === undefined ? null : { name, bytes: data.length, modifiedAt: new Date(0) }
    },
    async *list(prefix) {
      for (const [name, data] of map) {
        if (name.startsWith(prefix)) yield { name, bytes: data.length, modifiedAt: new Date(0) }
      }
    },
  }
}
