import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  scryptSync,
} from 'node:crypto'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { createMemoryStorage } from '../storage/memory.ts'
import { createChunkReader } from './chunks/chunk-reader.ts'
import { newBackupId } from './documents/backup-id.ts'
import type { Manifest, StreamRef } from './documents/documents.ts'
import { emptyStream, sampleManifest, sampleMedia } from './documents/sample-manifest.ts'
import { loadChunkIndex } from './index/load-index.ts'
import { initRepository } from './init.ts'
import { openRepository } from './open.ts'
import { createRepositoryWriter } from './repository-writer.ts'

// A second reader, and parts of a second writer, from the words of docs/repository-format.md alone. What it cannot
// read, the document or the code has wrong.

const hmac = (key: Uint8Array, ...data: Uint8Array[]) => {
  const mac = createHmac('sha256', key)
  for (const part of data) mac.update(part)
  return mac.digest()
}
const hkdf = (key: Uint8Array, salt: Uint8Array | string, info: string, n: number) =>
  Buffer.from(hkdfSync('sha256', key, salt, info, n))
const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Section 5. */
function associatedData(kind: number, compression: number, plain: number, sealed: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from([1, kind, compression, 0]), u32(plain), u32(sealed), name])
}

function open(root: Uint8Array, kind: number, name: Buffer, plainBytes: number, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', hmac(root, Buffer.from([kind]), name), sealed.subarray(1, 13))
  decipher.setAAD(associatedData(kind, sealed[0]!, plainBytes, sealed.length, name))
  decipher.setAuthTag(sealed.subarray(-16))
  const body = Buffer.concat([decipher.update(sealed.subarray(13, -16)), decipher.final()])
  const plain = sealed[0] === 1 ? zstdDecompressSync(body) : body
  expect(plain.length).toBe(plainBytes)
  return plain
}

function sealAs(root: Uint8Array, kind: number, name: Buffer, plain: Buffer, compression: 0 | 1): Buffer {
  const nonce = randomBytes(12)
  const body = compression === 1 ? zstdCompressSync(plain) : plain
  const cipher = createCipheriv('aes-256-gcm', hmac(root, Buffer.from([kind]), name), nonce)
  cipher.setAAD(associatedData(kind, compression, plain.length, body.length + 29, name))
  const sealed = Buffer.concat([cipher.update(body), cipher.final()])
  return Buffer.concat([Buffer.from([compression]), nonce, sealed, cipher.getAuthTag()])
}

type Objects = Map<string, Buffer>

/** Section 4: the master key, from the one slot there is. */
function masterKey(objects: Objects, passphrase: string): Buffer {
  const name = [...objects.keys()].find((key) => key.startsWith('keys/'))!
  const [line1, line2, line3, rest] = objects.get(name)!.toString().split('\n')
  expect(rest).toBe('')
  expect(createHash('sha256').update(`${line1}\n${line2}\n`).digest('hex')).toBe(line3)
  const header = JSON.parse(line1!)
  const salt = Buffer.from(header.salt, 'hex')
  const { n, r, p } = header.scrypt
  const secret = scryptSync(passphrase.normalize('NFC'), salt, 32, { N: n, r, p, maxmem: 2 ** 29 })
  const bytes = Buffer.from(line2!, 'hex')
  expect(bytes.subarray(0, 16)).toEqual(hkdf(secret, salt, 'lifeboat/1 key check', 16))
  const wrapping = hkdf(secret, salt, 'lifeboat/1 key slot', 32)
  const decipher = createDecipheriv('aes-256-gcm', wrapping, bytes.subarray(16, 28))
  decipher.setAAD(Buffer.from(line1!))
  decipher.setAuthTag(bytes.subarray(60, 76))
  return Buffer.concat([decipher.update(bytes.subarray(28, 60)), decipher.final()])
}

/** Section 8. */
function document(objects: Objects, documentKey: Buffer, name: string): Buffer {
  const data = objects.get(name)!
  expect(data.subarray(0, 8)).toEqual(Buffer.from('LFBDOC\x00\x01', 'latin1'))
  return open(documentKey, 3, Buffer.from(name), data.readUInt32LE(8), data.subarray(12))
}

/** Sections 7 and 8: every chunk, found through the index, compared with the tables of the packs. */
function chunks(objects: Objects, documentKey: Buffer, sealKey: Buffer, idKey: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  for (const name of objects.keys()) {
    if (!name.startsWith('index/')) continue
    const plain = document(objects, documentKey, name)
    for (let at = 0; at < plain.length; ) {
      const packName = plain.toString('hex', at, at + 32)
      const pack = objects.get(`packs/${packName.slice(0, 2)}/${packName}`)!
      expect(createHash('sha256').update(pack).digest('hex')).toBe(packName)
      expect(pack.length).toBe(plain.readUInt32LE(at + 32))
      expect(pack.toString('latin1', 0, 8)).toBe('LFBPACK\x01')
      const count = plain.readUInt32LE(at + 36)
      const records = plain.subarray(at + 40, at + 40 + count * 44)
      at += 40 + count * 44
      const trailer = pack.subarray(-16)
      expect(trailer.readUInt32LE(4)).toBe(count)
      expect(trailer.toString('latin1', 8)).toBe('LFBTABLE')
      const tableAt = pack.length - 16 - trailer.readUInt32LE(0)
      const table = open(documentKey, 2, Buffer.from('pack'), 32 + count * 44, pack.subarray(tableAt, -16))
      expect(table.subarray(0, 32)).toEqual(createHash('sha256').update(pack.subarray(0, tableAt)).digest())
      expect(table.subarray(32)).toEqual(records)
      let offset = 8
      for (let i = 0; i < records.length; i += 44) {
        const id = records.subarray(i, i + 32)
        expect(records.readUInt32LE(i + 32)).toBe(offset)
        const sealed = pack.subarray(offset, offset + records.readUInt32LE(i + 36))
        const content = open(sealKey, 1, id, records.readUInt32LE(i + 40), sealed)
        expect(hmac(idKey, content)).toEqual(id)
        found.set(id.toString('hex'), content)
        offset += sealed.length
      }
      expect(offset).toBe(tableAt)
    }
  }
  return found
}

/** Section 6. */
function stream(ref: StreamRef, all: Map<string, Buffer>): Buffer {
  let { ids } = ref
  for (let level = ref.level; level > 0; level--) {
    const list = Buffer.concat(ids.map((id) => all.get(id)!)).toString('hex')
    ids = list.match(/.{64}/g) ?? []
  }
  const bytes = Buffer.concat(ids.map((id) => all.get(id)!))
  expect(bytes.length).toBe(ref.bytes)
  return bytes
}

describe('docs/repository-format.md', () => {
  const chunker = { minBytes: 512, normalBytes: 1024, maxBytes: 2048, strictBits: 12, looseBits: 10 }

  it('is enough to read a repository', async () => {
    const storage = createMemoryStorage()
    const repository = await initRepository(storage, { passphrase: 'Grüße' }, { chunker })
    const writer = createRepositoryWriter(repository, { index: await loadChunkIndex(repository), packBytes: 60_000 })
    const random = randomBytes(200_000)
    const text = Buffer.from('a row\tof text\n'.repeat(3000))
    const id = newBackupId()
    const streams = {
      schema: await writer.writeStream(random),
      tables: emptyStream,
      sequences: emptyStream,
      large_objects: emptyStream,
    }
    const tar = sampleMedia({ name: 'm', files: 1, bytes: 1, tar: await writer.writeStream(text) })
    const { checksum } = await writer.commit(sampleManifest(id, streams, { media: [tar] }))
    const objects: Objects = new Map()
    for await (const { name } of storage.list('')) objects.set(name, await storage.get(name))

    const master = masterKey(objects, 'Grüße')
    const key = (purpose: string) => hkdf(master, '', `lifeboat/1 ${purpose}`, 32)
    const [config, mac, rest] = objects.get('config')!.toString().split('\n')
    expect([hmac(key('config'), Buffer.from(config!)).toString('hex'), '']).toEqual([mac, rest])
    expect(JSON.parse(config!)).toMatchObject({ format: 1, id: repository.id, encryption: 'aes-256-gcm' })
    const plain = document(objects, key('document'), `backups/${id}`)
    expect(createHash('sha256').update(plain).digest('hex')).toBe(checksum)
    const manifest = JSON.parse(plain.toString()) as Manifest
    const all = chunks(objects, key('document'), key('seal'), key('chunk id'))
    expect(manifest.streams.schema.level).toBe(1)
    expect(stream(manifest.streams.schema, all).equals(random)).toBe(true)
    expect(stream(manifest.media[0]!.tar, all).equals(text)).toBe(true)
  })

  it('is enough to write what the library reads: a pack, an index, a manifest', async () => {
    const storage = createMemoryStorage()
    const secret = { rawKey: randomBytes(32) }
    const { keys } = await initRepository(storage, secret)
    const contents = [Buffer.from('stored as it is'), Buffer.from('compressed '.repeat(50))]
    const ids = contents.map((content) => hmac(keys.chunkId, content))
    const seals = contents.map((content, i) => sealAs(keys.seal, 1, ids[i]!, content, i as 0 | 1))
    const body = Buffer.concat([Buffer.from('LFBPACK\x01', 'latin1'), ...seals])
    const records = Buffer.concat(
      seals.map((sealed, i) => {
        const offset = 8 + (i === 0 ? 0 : seals[0]!.length)
        return Buffer.concat([ids[i]!, u32(offset), u32(sealed.length), u32(contents[i]!.length)])
      }),
    )
    const table = Buffer.concat([createHash('sha256').update(body).digest(), records])
    const sealedTable = sealAs(keys.document, 2, Buffer.from('pack'), table, 0)
    const trailer = Buffer.concat([u32(sealedTable.length), u32(2), Buffer.from('LFBTABLE')])
    const pack = Buffer.concat([body, sealedTable, trailer])
    const packName = createHash('sha256').update(pack).digest('hex')
    await storage.put(`packs/${packName.slice(0, 2)}/${packName}`, pack)
    const writeDocument = async (name: string, plain: Buffer) => {
      const sealed = sealAs(keys.document, 3, Buffer.from(name), plain, 1)
      await storage.put(name, Buffer.concat([Buffer.from('LFBDOC\x00\x01', 'latin1'), u32(plain.length), sealed]))
    }
    const index = Buffer.concat([Buffer.from(packName, 'hex'), u32(pack.length), u32(2), records])
    await writeDocument(`index/${'0'.repeat(32)}`, index)
    const ref = { bytes: contents[0]!.length + contents[1]!.length, level: 0, ids: ids.map((id) => id.toString('hex')) }

    const repository = await openRepository(storage, secret)
    const loaded = await loadChunkIndex(repository)
    expect(loaded.unindexed).toEqual([])
    const reader = createChunkReader(repository, loaded, { recheck: true })
    expect((await reader.readBytes(ref)).equals(Buffer.concat(contents))).toBe(true)
  })
})
