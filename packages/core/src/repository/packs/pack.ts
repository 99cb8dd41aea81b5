import { createHash } from 'node:crypto'
import { freeBuffer } from '../../threads/free-buffer.ts'
import { damaged } from '../damage.ts'
import type { RepositoryKeys } from '../keys/keys.ts'
import { maxChunkBytes, maxPackChunks, packObjectName } from '../layout.ts'
import { type SealParts, seal, sealKinds, sealOverhead, unseal } from '../seal.ts'

/** A chunk's place in a pack. */
export interface PackChunk {
  /** Hex of the chunk's id. */
  id: string
  offset: number
  storedBytes: number
  /** Length of the plaintext. */
  bytes: number
}

/** What a pack says it holds. */
export interface PackTable {
  /** Hex of the SHA-256 of the pack's bytes. */
  name: string
  /** Length of the pack. */
  bytes: number
  chunks: PackChunk[]
}

/** A pack ready to be stored. `data` has its own memory, which can be transferred to another thread. */
export interface FinishedPack extends PackTable {
  data: Uint8Array<ArrayBuffer>
}

const magic = Buffer.from('LFBPACK\x01', 'latin1')
const trailerMagic = Buffer.from('LFBTABLE', 'latin1')
export const packHeaderBytes = magic.length
export const packTrailerBytes = 16
const recordBytes = 44
const digestBytes = 32
const tableName = Buffer.from('pack')

/** Fills one pack after another; chunks are written straight into the pack's memory. */
export class PackBuilder {
  readonly #keys: RepositoryKeys
  readonly #packBytes: number
  #buffer: Buffer<ArrayBuffer> | undefined
  #length = 0
  #chunks: PackChunk[] = []
  // Kept up with every chunk: no long pause at the end of a pack, and the bytes are still in the cache.
  #hash = createHash('sha256')
  #filled = false
  readonly #spare: () => ArrayBuffer | undefined

  /** `spare` returns memory of an earlier pack to be filled again, where there is any. */
  constructor(keys: RepositoryKeys, packBytes: number, spare: () => ArrayBuffer | undefined = () => undefined) {
    this.#keys = keys
    this.#packBytes = packBytes
    this.#spare = spare
  }

  get empty(): boolean {
    return this.#chunks.length === 0
  }

  get full(): boolean {
    return this.#length >= this.#packBytes || this.#chunks.length >= maxPackChunks
  }

  add(id: string, bytes: number, parts: SealParts): void {
    if (this.#length === 0) this.#append(magic)
    this.#chunks.push({ id, offset: this.#length, storedBytes: parts.bytes, bytes })
    this.#append(parts.head)
    this.#append(parts.body)
    this.#append(parts.tag)
  }

  finish(): FinishedPack {
    const chunks = this.#chunks
    const table = encodeTable(chunks, this.#hash.copy().digest())
    const sealed = seal({ kind: sealKinds.packTable, name: tableName, rootKey: this.#keys.document }, table, 0)
    const trailer = Buffer.alloc(packTrailerBytes)
    trailer.writeUInt32LE(sealed.bytes, 0)
    trailer.writeUInt32LE(chunks.length, 4)
    trailerMagic.copy(trailer, 8)
    for (const part of [sealed.head, sealed.body, sealed.tag, trailer]) this.#append(part)
    const name = this.#hash.digest('hex')
    const data = this.#buffer!.subarray(0, this.#length)
    this.#filled = true
    this.#buffer = undefined
    this.#length = 0
    this.#chunks = []
    this.#hash = createHash('sha256')
    return { name, bytes: data.length, chunks, data }
  }

  #append(part: Uint8Array): void {
    const needed = this.#length + part.length
    if (this.#buffer === undefined || needed > this.#buffer.length) {
      // The first pack of a writer may stay small; where one was filled the next one most likely is too.
      const most = this.#packBytes + maxChunkBytes
      const wanted = this.#filled || this.#buffer !== undefined ? most : 256 * 1024
      const doubled = this.#buffer === undefined ? 0 : this.#buffer.length * 2
      const size = Math.max(needed, doubled === 0 ? wanted : Math.min(doubled, wanted))
      const spare = size >= most ? this.#spare() : undefined
      const grown = spare && spare.byteLength >= size ? Buffer.from(spare) : Buffer.allocUnsafeSlow(size)
      if (this.#buffer !== undefined) {
        this.#buffer.copy(grown, 0, 0, this.#length)
        freeBuffer(this.#buffer)
      }
      this.#buffer = grown
    }
    this.#buffer.set(part, this.#length)
    this.#hash.update(part)
    this.#length = needed
  }
}

/** Where the sealed table begins and how long it is, from the last {@link packTrailerBytes} of a pack. */
export function parseTrailer(pack: string, bytes: number, trailer: Buffer): { offset: number; length: number } {
  const length = trailer.length === packTrailerBytes ? trailer.readUInt32LE(0) : 0
  const count = trailer.length === packTrailerBytes ? trailer.readUInt32LE(4) : 0
  const offset = bytes - packTrailerBytes - length
  if (
    trailer.length !== packTrailerBytes ||
    !trailer.subarray(8).equals(trailerMagic) ||
    count > maxPackChunks ||
    length !== sealOverhead + digestBytes + count * recordBytes ||
    offset < packHeaderBytes
  ) {
    throw damaged(packObjectName(pack), 'does not end like a pack')
  }
  return { offset, length }
}

/** Opens the sealed table of a pack. `bodyDigest` is the SHA-256 of all bytes before the table. */
export function openTable(
  keys: RepositoryKeys,
  pack: string,
  bytes: number,
  sealed: Uint8Array,
): { table: PackTable; bodyDigest: Buffer } {
  let plain: Buffer
  try {
    plain = unseal(
      { kind: sealKinds.packTable, name: tableName, rootKey: keys.document },
      sealed,
      sealed.length - sealOverhead,
    )
  } catch (error) {
    throw damaged(packObjectName(pack), 'has a damaged table', error)
  }
  const end = bytes - packTrailerBytes - sealed.length
  const chunks: PackChunk[] = []
  let offset = packHeaderBytes
  for (let at = digestBytes; at < plain.length; at += recordBytes) {
    const chunk = decodeChunk(plain, at)
    if (chunk.offset !== offset) throw damaged(packObjectName(pack), 'has a table that does not fit it')
    offset += chunk.storedBytes
    chunks.push(chunk)
  }
  if (offset !== end) throw damaged(packObjectName(pack), 'has a table that does not fit it')
  return { table: { name: pack, bytes, chunks }, bodyDigest: plain.subarray(0, digestBytes) }
}

/**
 * Checks a pack read whole: its bytes against its name, its table against its bytes. Throws `REPOSITORY_DAMAGED`.
 * The chunks themselves are proven by opening them.
 */
export function openPack(keys: RepositoryKeys, pack: string, data: Buffer): PackTable {
  const object = packObjectName(pack)
  if (createHash('sha256').update(data).digest('hex') !== pack) throw damaged(object, 'is not what its name stands for')
  if (data.length < packHeaderBytes + packTrailerBytes || !data.subarray(0, packHeaderBytes).equals(magic)) {
    throw damaged(object, 'does not begin like a pack')
  }
  const { offset, length } = parseTrailer(pack, data.length, data.subarray(data.length - packTrailerBytes))
  const { table, bodyDigest } = openTable(keys, pack, data.length, data.subarray(offset, offset + length))
  if (!createHash('sha256').update(data.subarray(0, offset)).digest().equals(bodyDigest)) {
    throw damaged(object, 'has the table of another pack')
  }
  return table
}

/** One record of 44 bytes: id (32), offset, stored length, plain length (4 each, little-endian). */
export function encodeChunk(target: Buffer, at: number, chunk: PackChunk): void {
  target.write(chunk.id, at, 'hex')
  target.writeUInt32LE(chunk.offset, at + 32)
  target.writeUInt32LE(chunk.storedBytes, at + 36)
  target.writeUInt32LE(chunk.bytes, at + 40)
}

export function decodeChunk(source: Buffer, at: number): PackChunk {
  return {
    id: source.toString('hex', at, at + 32),
    offset: source.readUInt32LE(at + 32),
    storedBytes: source.readUInt32LE(at + 36),
    bytes: source.readUInt32LE(at + 40),
  }
}

export const chunkRecordBytes = recordBytes

function encodeTable(chunks: PackChunk[], bodyDigest: Buffer): Buffer {
  const table = Buffer.alloc(digestBytes + chunks.length * recordBytes)
  bodyDigest.copy(table, 0)
  chunks.forEach((chunk, i) => {
    encodeChunk(table, digestBytes + i * recordBytes, chunk)
  })
  return table
}
