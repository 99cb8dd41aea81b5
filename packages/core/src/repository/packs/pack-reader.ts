import { unsealChunk } from '../chunks/sealed-chunk.ts'
import { damaged } from '../damage.ts'
import type { RepositoryKeys } from '../keys/keys.ts'
import { packObjectName } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { openPack, openTable, type PackTable, packHeaderBytes, packTrailerBytes, parseTrailer } from './pack.ts'

/** Enough for the tables of nearly all packs in one request. */
const tailBytes = 16 * 1024
/** Proven here within a millisecond: a message to another thread takes as long. */
const smallBytes = 256 * 1024

/** Reads a pack's own table from its end. Throws `REPOSITORY_DAMAGED`, or `StorageObjectMissing`. */
export async function readPackTable(
  repository: Repository,
  pack: string,
  options: { bytes: number; signal?: AbortSignal },
): Promise<PackTable> {
  const { storage, keys } = repository
  const { bytes, signal } = options
  const name = packObjectName(pack)
  if (bytes < packHeaderBytes + packTrailerBytes) throw damaged(name, 'is too short to be a pack')
  const from = Math.max(0, bytes - tailBytes)
  const tail = await storage.get(name, { offset: from, length: bytes - from, signal })
  const { offset, length } = parseTrailer(pack, bytes, tail.subarray(tail.length - packTrailerBytes))
  const sealed =
    offset >= from
      ? tail.subarray(offset - from, offset - from + length)
      : await storage.get(name, { offset, length, signal })
  return openTable(keys, pack, bytes, sealed).table
}

/**
 * Reads a pack whole and proves it: name, table, and every chunk opened, its id computed again from its content.
 * Throws `REPOSITORY_DAMAGED` or `StorageObjectMissing`; resolves the table.
 */
export async function checkPack(
  repository: Repository,
  pack: string,
  options: { signal?: AbortSignal } = {},
): Promise<PackTable> {
  return (await openWholePack(repository, pack, options)).table
}

/** The same, with the bytes. */
export async function openWholePack(
  repository: Repository,
  pack: string,
  options: { signal?: AbortSignal } = {},
): Promise<{ data: Buffer; table: PackTable }> {
  const data = await repository.storage.get(packObjectName(pack), options)
  // A tenth of a second of the calling thread's time for 16 MiB.
  if (data.length > smallBytes) return repository.threads.prove(pack, data)
  return { data, table: provePack(repository.keys, pack, data) }
}

/** Proves a pack read whole, see {@link checkPack}. Synchronous: for threads that may be kept busy. */
export function provePack(keys: RepositoryKeys, pack: string, data: Buffer): PackTable {
  const table = openPack(keys, pack, data)
  for (const chunk of table.chunks) {
    const sealed = data.subarray(chunk.offset, chunk.offset + chunk.storedBytes)
    unsealChunk(keys, { id: chunk.id, bytes: chunk.bytes, data: sealed, pack }, { recheck: true })
  }
  return table
}
