import { setImmediate } from 'node:timers/promises'
import type { z } from 'zod'
import { isEngineError, throwIfAborted } from '../../errors.ts'
import type { Reporter } from '../../events.ts'
import { freeBuffer } from '../../threads/free-buffer.ts'
import { mapInOrder } from '../concurrency.ts'
import { damaged } from '../damage.ts'
import type { StreamRef } from '../documents/documents.ts'
import type { Repository } from '../repository.ts'
import type { ChunkIndex } from './chunk-index.ts'
import { fetchEvery, fetchSealed, unreadable } from './fetch-sealed.ts'
import { cutIds, splitLines } from './pieces.ts'
import { createReplicaChunks } from './replica-chunks.ts'
import { type SealedChunk, unsealChunk } from './sealed-chunk.ts'

type Ids = Iterable<string> | AsyncIterable<string>

export interface ChunkReaderOptions {
  signal?: AbortSignal
  /** Compute each chunk's id again from its content: for check and verify. GCM authenticates it without. */
  recheck?: boolean
  /** What cannot be read from the repository is read from its copies, and reported. Not for checks of the repository itself. */
  useCopies?: boolean
  report?: Reporter
  /** Chunks are opened in other threads, some ahead: for readers of more than lists. */
  aside?: boolean
}

/**
 * Reads chunks and streams. Nothing that does not authenticate is ever given out. Throws `CHUNK_MISSING` when a chunk
 * is nowhere, `REPOSITORY_DAMAGED` (naming the objects) when every copy is damaged or a stream is not as long as its
 * reference says.
 */
export interface ChunkReader {
  readChunk(id: string): Promise<Buffer>
  /** A version of the chunk that opens, still sealed: for a worker that met a damaged one. */
  goodChunk(id: string): Promise<SealedChunk>
  /** Whether the repository, or a copy where those are used, says that it has the chunk. */
  holds(id: string): Promise<boolean>
  /** The stream's bytes. What comes before an error is right; the stream is whole only when the iteration ends. */
  readStream(ref: StreamRef): AsyncGenerator<Buffer>
  /** A whole stream in memory: for what is known to be small (at most 1 GiB). */
  readBytes(ref: StreamRef): Promise<Buffer>
  /** A stream of JSON lines, each validated. */
  readJsonLines<T>(ref: StreamRef, schema: z.ZodType<T>): AsyncGenerator<T>
  /** Ids of the chunks that hold the stream's bytes, in order. */
  chunkIds(ref: StreamRef): AsyncGenerator<string>
  /** The same, and the chunks that hold its id lists: everything a prune must keep. */
  everyChunkId(ref: StreamRef): AsyncGenerator<string>
  /** The content of chunks in order, neighbours read in one request. */
  readChunks(ids: Ids): AsyncGenerator<Buffer>
  /**
   * Sealed chunks in order, ranged, coalesced, read ahead: for workers to `unsealChunk`. Where that throws
   * `REPOSITORY_DAMAGED`, `goodChunk(id)` tries the other versions.
   */
  fetchSealed(ids: Ids): AsyncGenerator<SealedChunk>
  /** The same of few small ones, by their ids: read in the order in which they lie in packs, not in the order asked for. */
  fetchTogether(ids: Iterable<string>): Promise<Map<string, SealedChunk>>
}

const maxInMemory = 1024 ** 3
/** Opened at once, in a fraction of a millisecond. */
const smallBytes = 64 * 1024

export function createChunkReader(
  repository: Repository,
  index: ChunkIndex,
  options: ChunkReaderOptions = {},
): ChunkReader {
  const { keys, threads } = repository
  const { signal, recheck, report } = options
  const replicas =
    options.useCopies && repository.copies?.length ? createReplicaChunks(repository, { report }) : undefined
  const source = { repository, index, replicas, signal }

  async function findGood(id: string): Promise<{ sealed: SealedChunk; plain: Buffer }> {
    const failures: unknown[] = []
    for await (const sealed of fetchEvery(source, id, failures)) {
      try {
        return { sealed, plain: unsealChunk(keys, sealed, { recheck }) }
      } catch (error) {
        if (!isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
        failures.push(error)
      }
    }
    throw unreadable(index, id, failures)
  }
  const readChunk = async (id: string) => (await findGood(id)).plain

  async function open(sealed: SealedChunk): Promise<Buffer> {
    throwIfAborted(signal)
    try {
      if (options.aside && sealed.bytes > smallBytes) return await threads.unseal(sealed, { recheck })
      const plain = unsealChunk(keys, sealed, { recheck })
      if (plain.buffer !== sealed.data.buffer) freeBuffer(sealed.data)
      // A chunk is up to some milliseconds of this thread's time; the host's own work comes between two.
      await setImmediate()
      return plain
    } catch (error) {
      if (!isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
      return readChunk(sealed.id)
    }
  }

  const readChunks = (ids: Ids) => mapInOrder(fetchSealed(source, ids), options.aside ? threads.size : 1, open)

  /** The ids that a list of ids stands for after `times` lists have been opened. */
  async function* expand(ids: Ids, times: number): AsyncGenerator<string> {
    if (times === 0) yield* ids
    else yield* expand(cutIds(readChunks(ids)), times - 1)
  }

  async function* readStream(ref: StreamRef): AsyncGenerator<Buffer> {
    let bytes = 0
    for await (const plain of readChunks(expand(ref.ids, ref.level))) {
      bytes += plain.length
      if (bytes > ref.bytes) throw damaged('A stream', `is longer than the ${ref.bytes} bytes it should have`)
      yield plain
    }
    if (bytes !== ref.bytes) throw damaged('A stream', `ends after ${bytes} of ${ref.bytes} bytes`)
  }

  return {
    readChunk,
    goodChunk: async (id) => (await findGood(id)).sealed,
    holds: async (id) => index.find(id) !== undefined || ((await replicas?.holds(id, signal)) ?? false),
    readChunks,
    readStream,
    async readBytes(ref) {
      if (ref.bytes > maxInMemory)
        throw damaged('A stream', `of ${ref.bytes} bytes is too long to be what it should be`)
      const pieces: Buffer[] = []
      for await (const piece of readStream(ref)) pieces.push(piece)
      return Buffer.concat(pieces)
    },
    async *readJsonLines(ref, schema) {
      for await (const line of splitLines(readStream(ref))) {
        let value: unknown
        try {
          value = JSON.parse(line)
        } catch (error) {
          throw damaged('A stream of records', 'does not hold JSON lines', error)
        }
        const result = schema.safeParse(value)
        if (!result.success) throw damaged('A stream of records', 'does not hold what it should', result.error)
        yield result.data
      }
    },
    chunkIds: (ref) => expand(ref.ids, ref.level),
    async *everyChunkId(ref) {
      for (let times = 0; times <= ref.level; times++) yield* expand(ref.ids, times)
    },
    fetchSealed: (ids) => fetchSealed(source, ids),
    async fetchTogether(ids) {
      const found = new Map<string, SealedChunk>()
      for await (const sealed of fetchSealed(source, inPackOrder(index, ids))) found.set(sealed.id, sealed)
      return found
    },
  }
}

function inPackOrder(index: ChunkIndex, ids: Iterable<string>): string[] {
  const known = [...new Set(ids)].map((id) => ({ id, at: index.find(id) }))
  const packs = new Map(known.map(({ at }) => [at?.pack, 0]))
  for (const [position, pack] of [...packs.keys()].entries()) packs.set(pack, position)
  return known
    .toSorted((a, b) => packs.get(a.at?.pack)! - packs.get(b.at?.pack)! || (a.at?.offset ?? 0) - (b.at?.offset ?? 0))
    .map(({ id }) => id)
}
