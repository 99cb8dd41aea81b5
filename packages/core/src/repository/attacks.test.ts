import { createHash, randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { type ErrorCode, isEngineError } from '../errors.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { ChunkIndex } from './chunks/chunk-index.ts'
import { createChunkReader } from './chunks/chunk-reader.ts'
import { createChunkWriter } from './chunks/chunk-writer.ts'
import { unsealChunk } from './chunks/sealed-chunk.ts'
import { newBackupId } from './documents/backup-id.ts'
import type { StreamRef } from './documents/documents.ts'
import { listManifests, readManifest } from './documents/manifests.ts'
import { emptyStream, sampleManifest } from './documents/sample-manifest.ts'
import { openDocument, sealDocument } from './documents/sealed-document.ts'
import { writeIndexObjects } from './index/index-object.ts'
import { loadChunkIndex } from './index/load-index.ts'
import { initRepository } from './init.ts'
import { deriveKeys } from './keys/keys.ts'
import { packObjectName } from './layout.ts'
import { openPack, type PackChunk, type PackTable } from './packs/pack.ts'
import { checkPack } from './packs/pack-reader.ts'
import type { Repository } from './repository.ts'
import { createRepositoryWriter } from './repository-writer.ts'
import { type SealContext, seal, sealKinds, sealOverhead, unseal } from './seal.ts'

// What an attacker can try who can write to the storage and read everything there, but has no key.

const key = { rawKey: randomBytes(32) }
const chunker = { minBytes: 1024, normalBytes: 1536, maxBytes: 2048, strictBits: 12, looseBits: 10 }
let storage: Storage
let repository: Repository

beforeEach(async () => {
  storage = createMemoryStorage()
  repository = await initRepository(storage, key, { chunker })
})

async function codeOf(attempt: Promise<unknown>): Promise<ErrorCode | null> {
  try {
    await attempt
    return null
  } catch (error) {
    if (isEngineError(error)) return error.code
    throw error
  }
}

async function backUp(content: Buffer, packBytes = 1 << 20): Promise<{ id: string; ref: StreamRef }> {
  const writer = createRepositoryWriter(repository, { index: await loadChunkIndex(repository), packBytes })
  const ref = await writer.writeStream(content)
  const id = newBackupId()
  const streams = { schema: ref, tables: emptyStream, sequences: emptyStream, large_objects: emptyStream }
  await writer.commit(sampleManifest(id, streams))
  return { id, ref }
}

async function packs(): Promise<PackTable[]> {
  const index = await loadChunkIndex(repository)
  return [...index.packs()].map((pack) => index.packTable(pack.name)!)
}

/** Puts changed bytes of a pack under the name that fits them, and makes the index, as it were, point there. */
async function replacePack(old: PackTable, data: Buffer): Promise<PackTable> {
  const name = createHash('sha256').update(data).digest('hex')
  await storage.put(packObjectName(name), data)
  return { ...old, name, bytes: data.length }
}

describe('an attacker without a key', () => {
  it('cannot exchange two chunks of a pack, not even two of the same length', async () => {
    const content = randomBytes(16 * 1024)
    const { ref } = await backUp(content)
    const [pack] = await packs()
    const data = await storage.get(packObjectName(pack!.name))
    const [a, b] = sameLength(pack!.chunks) ?? [pack!.chunks[0]!, pack!.chunks[1]!]
    const swapped = Buffer.from(data)
    data.copy(swapped, a.offset, b.offset, b.offset + a.storedBytes)
    data.copy(swapped, b.offset, a.offset, a.offset + a.storedBytes)
    await storage.put(packObjectName(pack!.name), swapped)
    const reader = createChunkReader(repository, await loadChunkIndex(repository))
    expect(await codeOf(reader.readBytes(ref))).toBe('REPOSITORY_DAMAGED')
    expect(await codeOf(checkPack(repository, pack!.name))).toBe('REPOSITORY_DAMAGED')
  })

  it('cannot pass one chunk off as another through a forged place', () => {
    const keys = deriveKeys(randomBytes(32))
    const made: { id: string; bytes: number; data: Uint8Array }[] = []
    const writer = createChunkWriter({
      keys,
      compressionLevel: 0,
      onPack: (pack) => {
        for (const { id, offset, storedBytes, bytes } of pack.chunks) {
          made.push({ id, bytes, data: pack.data.subarray(offset, offset + storedBytes) })
        }
      },
    })
    for (const content of ['one and the same length', 'another of that length!']) {
      const stream = writer.openStream()
      stream.write(Buffer.from(content))
      stream.end()
    }
    writer.flush()
    const [a, b] = made as [(typeof made)[0], (typeof made)[0]]
    expect(unsealChunk(keys, a).toString()).toBe('one and the same length')
    expect(() => unsealChunk(keys, { ...a, data: b.data })).toThrow(/damaged/)
    expect(() => unsealChunk(keys, { ...a, id: b.id })).toThrow(/damaged/)
    expect(() => unsealChunk(keys, { ...a, bytes: a.bytes - 1 })).toThrow(/damaged/)
    expect(() => unsealChunk(keys, { ...a, bytes: 2 ** 31 })).toThrow(/claims/)
    expect(() => unsealChunk(keys, { ...a, data: a.data.subarray(0, -1) })).toThrow(/damaged/)
    const compressed = Uint8Array.from(a.data)
    compressed[0] = 1
    expect(() => unsealChunk(keys, { ...a, data: compressed })).toThrow(/damaged/)
    expect(() => unsealChunk(deriveKeys(randomBytes(32)), a)).toThrow(/damaged/)
  })

  it('cannot show an old manifest under another id, nor a document as one of another folder', async () => {
    const { id } = await backUp(randomBytes(3000))
    const other = newBackupId()
    const data = await storage.get(`backups/${id}`)
    await storage.put(`backups/${other}`, data)
    expect(await codeOf(readManifest(repository, other))).toBe('REPOSITORY_DAMAGED')
    const listed = []
    for await (const row of listManifests(repository)) listed.push([row.id, row.error?.code ?? null])
    expect(new Map(listed as [string, string | null][])).toEqual(
      new Map([
        [id, null],
        [other, 'REPOSITORY_DAMAGED'],
      ]),
    )
    await storage.put(`pins/${id}`, data)
    expect(() => openDocument(repository.keys, `pins/${id}`, data)).toThrow(/does not open/)
  })

  it('cannot put a manifest that another id vouches for, even sealed with the right key', async () => {
    const id = newBackupId()
    const streams = { schema: emptyStream, tables: emptyStream, sequences: emptyStream, large_objects: emptyStream }
    const plain = Buffer.from(JSON.stringify(sampleManifest(newBackupId(), streams)))
    await storage.put(`backups/${id}`, sealDocument(repository.keys, `backups/${id}`, plain))
    expect(await codeOf(readManifest(repository, id))).toBe('REPOSITORY_DAMAGED')
  })

  it('cannot bring objects of another repository in, not even one with the same passphrase', async () => {
    const { id, ref } = await backUp(randomBytes(5000))
    const second = await initRepository(createMemoryStorage(), key, { chunker })
    for await (const { name } of storage.list('')) {
      if (!name.startsWith('keys/') && name !== 'config') await second.storage.put(name, await storage.get(name))
    }
    expect(await codeOf(readManifest(second, id))).toBe('REPOSITORY_DAMAGED')
    expect(await codeOf(loadChunkIndex(second))).toBe('REPOSITORY_DAMAGED')
    for await (const { name } of second.storage.list('index/')) await second.storage.delete(name)
    const index = await loadChunkIndex(second)
    expect(index.size).toBe(0)
    expect(await codeOf(createChunkReader(second, index).readBytes(ref))).toBe('CHUNK_MISSING')
  })

  it('cannot splice packs: the table of one does not fit the chunks of another, whatever name it has', async () => {
    await backUp(randomBytes(6 * 1024))
    await backUp(randomBytes(6 * 1024))
    const [one, two] = (await packs()) as [PackTable, PackTable]
    const [a, b] = [await storage.get(packObjectName(one.name)), await storage.get(packObjectName(two.name))]
    const end = (pack: PackTable) => pack.chunks.at(-1)!.offset + pack.chunks.at(-1)!.storedBytes
    const spliced = Buffer.concat([a.subarray(0, end(one)), b.subarray(end(two))])
    const made = await replacePack(two, spliced)
    expect(() => openPack(repository.keys, made.name, spliced)).toThrow(/damaged|table/)
    // The same table over bytes that were changed without changing their length: the digest in the table tells.
    const changed = Buffer.from(a)
    changed[one.chunks[1]!.offset + 20]! ^= 1
    const again = await replacePack(one, changed)
    expect(() => openPack(repository.keys, again.name, changed)).toThrow(/table of another pack/)
    // Without its last chunk, the table cannot follow.
    const cut = Buffer.concat([a.subarray(0, one.chunks.at(-1)!.offset), a.subarray(end(one))])
    expect(() => openPack(repository.keys, createHash('sha256').update(cut).digest('hex'), cut)).toThrow(/does not fit/)
  })

  it('cannot put one pack in the place of another', async () => {
    await backUp(randomBytes(3000))
    await backUp(randomBytes(3000))
    const [one, two] = (await packs()) as [PackTable, PackTable]
    await storage.put(packObjectName(one.name), await storage.get(packObjectName(two.name)))
    expect(await codeOf(checkPack(repository, one.name))).toBe('REPOSITORY_DAMAGED')
    const data = await storage.get(packObjectName(two.name))
    expect(() => openPack(repository.keys, one.name, data)).toThrow(/name stands for/)
  })

  it('cannot cut, lengthen or reorder a stream: only a holder of the key can seal a reference', async () => {
    const content = randomBytes(20_000)
    const { ref } = await backUp(content)
    const reader = createChunkReader(repository, await loadChunkIndex(repository))
    expect((await reader.readBytes(ref)).equals(content)).toBe(true)
    expect(ref.level).toBe(0)
    const shorter = { ...ref, ids: ref.ids.slice(0, -1) }
    const longer = { ...ref, ids: [...ref.ids, ref.ids[0]!] }
    expect(await codeOf(reader.readBytes(shorter))).toBe('REPOSITORY_DAMAGED')
    expect(await codeOf(reader.readBytes(longer))).toBe('REPOSITORY_DAMAGED')
    expect(await codeOf(reader.readBytes({ ...ref, bytes: ref.bytes + 1 }))).toBe('REPOSITORY_DAMAGED')
    // Data taken for a list of ids leads nowhere.
    expect(['CHUNK_MISSING', 'REPOSITORY_DAMAGED']).toContain(await codeOf(reader.readBytes({ ...ref, level: 1 })))
  })

  it('gains nothing from an index object that was once valid: packs that are gone do not count as there', async () => {
    const content = randomBytes(8000)
    const { ref } = await backUp(content)
    const saved: [string, Buffer][] = []
    for await (const { name } of storage.list('index/')) saved.push([name, await storage.get(name)])
    // As after a prune: no index, no packs. Then the old index object is put back.
    for (const pack of await packs()) await storage.delete(packObjectName(pack.name))
    for (const [name, data] of saved) await storage.put(name, data)
    const index = await loadChunkIndex(repository)
    expect([...index.packs()].map((pack) => pack.state)).toEqual(['missing'])
    const writer = createRepositoryWriter(repository, { index })
    expect(await writer.writeStream(content)).toEqual(ref)
    expect((await writer.finish()).storedBytes).toBeGreaterThan(content.length)
    const reader = createChunkReader(repository, await loadChunkIndex(repository))
    expect((await reader.readBytes(ref)).equals(content)).toBe(true)
  })

  it('finds no two seals with the same key and nonce, nor two alike of the same content', () => {
    const context: SealContext = { kind: sealKinds.document, name: Buffer.from('x'), rootKey: randomBytes(32) }
    const plain = Buffer.from('always the same')
    const nonces = new Set<string>()
    const bodies = new Set<string>()
    for (let i = 0; i < 5000; i++) {
      const { head, body } = seal(context, plain, 0)
      nonces.add(head.toString('hex', 1))
      bodies.add(body.toString('hex'))
    }
    expect(nonces.size).toBe(5000)
    expect(bodies.size).toBe(5000)
  })

  it('cannot move a seal between kinds or names: even the key differs', () => {
    const rootKey = randomBytes(32)
    const names = ['a', 'b', 'ab'].map((name) => Buffer.from(name))
    for (const kind of Object.values(sealKinds)) {
      for (const name of names) {
        const { head, body, tag } = seal({ kind, name, rootKey }, Buffer.from('content'), 0)
        const sealed = Buffer.concat([head, body, tag])
        for (const otherKind of Object.values(sealKinds)) {
          for (const otherName of names) {
            const open = () =>
              unseal({ kind: otherKind, name: otherName, rootKey }, sealed, sealed.length - sealOverhead)
            if (kind === otherKind && name === otherName) expect(open().toString()).toBe('content')
            else expect(open).toThrow()
          }
        }
      }
    }
  })

  it('cannot make a reader decompress more than was authenticated', () => {
    const keys = deriveKeys(randomBytes(32))
    const bomb = sealDocument(keys, 'backups/x', Buffer.alloc(4 * 1024 * 1024))
    expect(bomb.length).toBeLessThan(2000)
    for (const claimed of [0, 1, 4 * 1024 * 1024 - 1, 2 ** 32 - 1]) {
      const changed = Buffer.from(bomb)
      changed.writeUInt32LE(claimed, 8)
      expect(() => openDocument(keys, 'backups/x', changed)).toThrow(/does not open|claims/)
    }
  })
})

describe('damage', () => {
  it('is made good by another copy of the chunk, in a restore and in a check', async () => {
    const content = randomBytes(12_000)
    const twice: StreamRef[] = []
    for (let i = 0; i < 2; i++) {
      // Two writers that do not know of each other store the same chunks twice.
      const writer = createRepositoryWriter(repository, { index: new ChunkIndex() })
      twice.push(await writer.writeStream(content))
      await writer.finish()
    }
    const [ref] = twice as [StreamRef, StreamRef]
    const [one, two] = (await packs()) as [PackTable, PackTable]
    const read = async () => createChunkReader(repository, await loadChunkIndex(repository)).readBytes(ref)
    const damage = async (pack: PackTable, chunk: PackChunk) => {
      const data = await storage.get(packObjectName(pack.name))
      data[chunk.offset + 15]! ^= 0x80
      await storage.put(packObjectName(pack.name), data)
    }
    const loadedBefore = createChunkReader(repository, await loadChunkIndex(repository))
    const saved = await storage.get(packObjectName(one.name))
    await storage.delete(packObjectName(one.name))
    expect((await loadedBefore.readBytes(ref)).equals(content)).toBe(true)
    await storage.put(packObjectName(one.name), saved)
    await damage(one, one.chunks[0]!)
    await damage(two, two.chunks[1]!)
    expect((await read()).equals(content)).toBe(true)
    const sealed = createChunkReader(repository, await loadChunkIndex(repository)).fetchSealed(ref.ids)
    const codes = []
    for await (const chunk of sealed) codes.push(await codeOf((async () => unsealChunk(repository.keys, chunk))()))
    expect(codes.filter((code) => code === 'REPOSITORY_DAMAGED')).toHaveLength(1)
    await damage(two, two.chunks[0]!)
    const error = await read().catch((e: unknown) => e)
    expect(isEngineError(error, 'REPOSITORY_DAMAGED') && error.detail.objects).toEqual(
      expect.arrayContaining([packObjectName(one.name), packObjectName(two.name)]),
    )
    await storage.delete(packObjectName(two.name))
    await storage.delete(packObjectName(one.name))
    const missing = await read().catch((e: unknown) => e)
    expect(isEngineError(missing, 'CHUNK_MISSING') && missing.detail.objects).toHaveLength(2)
  })

  it('of an index object is an error that names it; without the object the packs speak for themselves', async () => {
    const content = randomBytes(9000)
    const { ref } = await backUp(content, 4000)
    for await (const { name } of storage.list('index/')) {
      await storage.put(name, Buffer.from('nonsense'))
      const error = await loadChunkIndex(repository).catch((e: unknown) => e)
      expect(isEngineError(error, 'REPOSITORY_DAMAGED') && error.detail.objects).toEqual([name])
      await storage.delete(name)
    }
    const index = await loadChunkIndex(repository)
    expect(index.unindexed.length).toBeGreaterThan(1)
    expect((await createChunkReader(repository, index).readBytes(ref)).equals(content)).toBe(true)
    const tables = index.unindexed.map((name) => index.packTable(name)!)
    await writeIndexObjects(repository, tables)
    const again = await loadChunkIndex(repository)
    expect(again.unindexed).toEqual([])
    expect(again.size).toBe(index.size)
  })
})

function sameLength(chunks: PackChunk[]): [PackChunk, PackChunk] | undefined {
  for (const a of chunks) {
    const b = chunks.find((other) => other !== a && other.storedBytes === a.storedBytes)
    if (b) return [a, b]
  }
  return undefined
}
