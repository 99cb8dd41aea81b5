import { isEngineError, throwIfAborted } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { type SealedChunk, sealChunk, unsealChunk } from '../repository/chunks/sealed-chunk.ts'
import { defaultPackBytes, packObjectName } from '../repository/layout.ts'
import { PackBuilder, type PackTable } from '../repository/packs/pack.ts'
import type { Repository } from '../repository/repository.ts'
import type { SealParts } from '../repository/seal.ts'
import type { Storage } from '../storage/storage.ts'

const nonceAndCompressionBytes = 13
const tagBytes = 16

/**
 * Copies chunks into new packs, each opened and its id computed again on the way; nothing is encrypted again. `into` is where
 * the packs are put, by default where the chunks are read from. Gives the tables of the new packs (not indexed yet), and the packs from which not everything could be read.
 */
export async function repackChunks(
  repository: Repository,
  index: ChunkIndex,
  sources: { pack: string; ids: string[] }[],
  options: { packBytes?: number; into?: Storage; signal?: AbortSignal; report?: Reporter } = {},
): Promise<{ tables: PackTable[]; unreadable: Set<string>; bytes: number }> {
  const { keys } = repository
  const { into: storage = repository.storage, signal, report } = options
  const reader = createChunkReader(repository, index, { signal, recheck: true })
  const builder = new PackBuilder(keys, options.packBytes ?? defaultPackBytes)
  const tables: PackTable[] = []
  const unreadable = new Set<string>()
  let bytes = 0

  const flush = async () => {
    if (builder.empty) return
    const { data, ...table } = builder.finish()
    await storage.put(packObjectName(table.name), data, { signal })
    tables.push(table)
    bytes += data.byteLength
    report?.({ type: 'progress', phase: 'repack', bytes })
  }

  for (const { pack, ids } of sources) {
    try {
      for await (const sealed of reader.fetchSealed(ids)) {
        throwIfAborted(signal)
        builder.add(sealed.id, sealed.bytes, await provenParts(sealed))
        if (builder.full) await flush()
      }
    } catch (error) {
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'CHUNK_MISSING')) throw error
      unreadable.add(pack)
      log(report, 'warning', `${packObjectName(pack)} stays as it is: not all of it can be read.`, error.detail)
    }
  }
  await flush()
  return { tables, unreadable, bytes }

  /** The sealed parts of a chunk that opens; of another copy, sealed again, where this one does not. */
  async function provenParts(sealed: SealedChunk): Promise<SealParts> {
    try {
      unsealChunk(keys, sealed, { recheck: true })
    } catch (error) {
      if (!isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
      return sealChunk(keys, sealed.id, await reader.readChunk(sealed.id), 1)
    }
    return sealedParts(sealed)
  }
}

/** A sealed chunk as a pack takes it in. */
export function sealedParts(sealed: SealedChunk): SealParts {
  const data = Buffer.from(sealed.data.buffer, sealed.data.byteOffset, sealed.data.byteLength)
  return {
    head: data.subarray(0, nonceAndCompressionBytes),
    body: data.subarray(nonceAndCompressionBytes, data.length - tagBytes),
    tag: data.subarray(data.length - tagBytes),
    bytes: data.length,
  }
}
