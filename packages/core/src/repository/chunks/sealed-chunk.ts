import { createHmac, createSecretKey } from 'node:crypto'
import { damaged } from '../damage.ts'
import type { RepositoryKeys } from '../keys/keys.ts'
import { maxChunkBytes, packObjectName } from '../layout.ts'
import { type SealParts, seal, sealKinds, unseal } from '../seal.ts'

/** A chunk as it lies in a pack; plain data, so that it can cross to a worker (transfer `data.buffer` only if it is whole). */
export interface SealedChunk {
  /** Hex of the chunk's id. */
  id: string
  /** Length of the plaintext. */
  bytes: number
  data: Uint8Array
  /** The pack it was read from, for messages. */
  pack?: string
}

/** Hex of HMAC-SHA-256 of the plaintext under the chunk id key. */
export function chunkId(keys: RepositoryKeys, plain: Uint8Array): string {
  return createHmac('sha256', createSecretKey(keys.chunkId)).update(plain).digest('hex')
}

export function sealChunk(keys: RepositoryKeys, id: string, plain: Uint8Array, compressionLevel: number): SealParts {
  return seal({ kind: sealKinds.chunk, name: Buffer.from(id, 'hex'), rootKey: keys.seal }, plain, compressionLevel)
}

/**
 * The plaintext of a chunk. Synchronous and without I/O: for workers. Authenticates id and lengths; with `recheck` the
 * id is computed again from the plaintext as well (which only finds faults of the program that wrote it).
 * Throws `REPOSITORY_DAMAGED`; another copy may still be good, see `ChunkReader.readChunk`.
 */
export function unsealChunk(keys: RepositoryKeys, sealed: SealedChunk, options: { recheck?: boolean } = {}): Buffer {
  const where = sealed.pack === undefined ? `Chunk ${sealed.id}` : packObjectName(sealed.pack)
  if (sealed.bytes > maxChunkBytes) throw damaged(where, `claims a chunk of ${sealed.bytes} bytes`)
  let plain: Buffer
  try {
    plain = unseal(
      { kind: sealKinds.chunk, name: Buffer.from(sealed.id, 'hex'), rootKey: keys.seal },
      sealed.data,
      sealed.bytes,
    )
  } catch (error) {
    throw damaged(where, `holds a damaged chunk (${sealed.id})`, error)
  }
  if (options.recheck && chunkId(keys, plain) !== sealed.id) {
    throw damaged(where, `holds a chunk (${sealed.id}) whose content is not what its id stands for`)
  }
  return plain
}
