import { EngineError, isEngineError } from '../../errors.ts'
import { StorageObjectMissing } from '../../storage/storage.ts'
import { freeBuffer } from '../../threads/free-buffer.ts'
import { mapInOrder } from '../concurrency.ts'
import { damaged } from '../damage.ts'
import { maxChunkBytes, packObjectName } from '../layout.ts'
import type { Repository } from '../repository.ts'
import type { ChunkIndex, ChunkLocation } from './chunk-index.ts'
import type { ReplicaChunks } from './replica-chunks.ts'
import type { SealedChunk } from './sealed-chunk.ts'

/** One request: at most 4 MiB, of chunks and of what is read, over gaps that cost less than a request of their own. */
const rangeBytes = 4 * 1024 * 1024
const gapBytes = 64 * 1024
/** Requests under way or read ahead: many where they are small, because each takes a round trip; no more than 8 MiB. */
const readAhead = 16
const aheadBytes = 8 * 1024 * 1024

interface Range {
  pack: string
  offset: number
  length: number
  /** Of all its chunks together: the same one may be there thousands of times. */
  bytes: number
  chunks: { id: string; at: ChunkLocation }[]
}

/** Where chunks are read from: the repository, and its copies where the reader wants that. */
export interface ChunkSource {
  repository: Repository
  index: ChunkIndex
  replicas?: ReplicaChunks
  signal?: AbortSignal
}

/**
 * The sealed bytes of chunks, in the order asked for: neighbours in one request, some requests ahead. A chunk whose
 * pack cannot be read comes from another copy; without one `CHUNK_MISSING` or `REPOSITORY_DAMAGED` is thrown.
 */
export async function* fetchSealed(
  source: ChunkSource,
  ids: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<SealedChunk> {
  const ranges = coalesce(source, ids)
  const fetch = (range: Range | string) => fetchRange(source, range)
  const of = (range: Range | string) =>
    typeof range === 'string' ? maxChunkBytes : Math.max(range.length, range.bytes)
  for await (const chunks of mapInOrder(ranges, readAhead, fetch, { bytes: aheadBytes, of })) yield* chunks
}

/** Every version of a chunk there is, those of the repository first, then those of its copies. */
export async function* fetchEvery(source: ChunkSource, id: string, failures: unknown[]): AsyncGenerator<SealedChunk> {
  const { repository, index, replicas, signal } = source
  yield* fetchCopies({ repository, index, signal }, id, failures)
  if (replicas) yield* replicas.fetch(id, failures, signal)
}

/** Every copy of one chunk that can be read, best first; `failures` collects why others cannot. */
export async function* fetchCopies(
  { repository, index, signal }: Pick<ChunkSource, 'repository' | 'index' | 'signal'>,
  id: string,
  failures: unknown[],
): AsyncGenerator<SealedChunk> {
  for (const { pack, offset, storedBytes, bytes } of index.findAll(id)) {
    try {
      const data = await repository.storage.get(packObjectName(pack), { offset, length: storedBytes, signal })
      yield { id, bytes, data, pack }
    } catch (error) {
      if (!isLoss(error)) throw error
      failures.push(error)
    }
  }
}

/** The error for a chunk of which no copy is good. */
export function unreadable(index: ChunkIndex, id: string, failures: unknown[]): EngineError {
  const objects = [...index.findAll(id).map((at) => at.pack), ...index.findMissing(id)].map(packObjectName)
  const damage = failures.find((failure) => isEngineError(failure, 'REPOSITORY_DAMAGED'))
  if (damage !== undefined) return damaged(objects, `cannot give chunk ${id}`, damage)
  const where = objects.length === 0 ? 'No pack holds it' : `It should be in ${objects.join(', ')}`
  return new EngineError('CHUNK_MISSING', `Chunk ${id} is missing. ${where}.`, {
    cause: failures[0],
    detail: { chunk: id, objects },
  })
}

/** Whether an error says that this copy is lost, as against the storage being out of reach. */
export function isLoss(error: unknown): boolean {
  return error instanceof StorageObjectMissing || isEngineError(error, 'REPOSITORY_DAMAGED')
}

async function* coalesce(
  { index, replicas }: ChunkSource,
  ids: Iterable<string> | AsyncIterable<string>,
): AsyncGenerator<Range | string> {
  let range: Range | undefined
  for await (const id of ids) {
    const at = index.find(id)
    if (at === undefined) {
      if (range) yield range
      range = undefined
      if (!replicas) throw unreadable(index, id, [])
      yield id
      continue
    }
    if (range && fits(range, at)) {
      range.length = Math.max(range.length, at.offset + at.storedBytes - range.offset)
      range.bytes += at.storedBytes
      range.chunks.push({ id, at })
      continue
    }
    if (range) yield range
    const { pack, offset, storedBytes } = at
    range = { pack, offset, length: storedBytes, bytes: storedBytes, chunks: [{ id, at }] }
  }
  if (range) yield range
}

function fits(range: Range, at: ChunkLocation): boolean {
  const end = range.offset + range.length
  return (
    at.pack === range.pack &&
    at.offset >= range.offset &&
    at.offset <= end + gapBytes &&
    at.offset + at.storedBytes <= range.offset + rangeBytes &&
    range.bytes + at.storedBytes <= rangeBytes &&
    range.chunks.length < 4096
  )
}

/** The chunks of a range; or the one chunk that no pack of the repository holds. */
async function fetchRange(source: ChunkSource, range: Range | string): Promise<SealedChunk[]> {
  if (typeof range === 'string') return [await fetchOne(source, range)]
  const { pack, offset, length } = range
  try {
    const { repository, signal } = source
    const data = await repository.storage.get(packObjectName(pack), { offset, length, signal })
    const chunks = range.chunks.map(({ id, at }) => {
      const start = at.offset - offset
      return { id, bytes: at.bytes, data: new Uint8Array(data.subarray(start, start + at.storedBytes)), pack }
    })
    // Each has memory of its own now, which goes when the chunk goes.
    freeBuffer(data)
    return chunks
  } catch (error) {
    if (!isLoss(error)) throw error
  }
  return Promise.all(range.chunks.map(({ id }) => fetchOne(source, id)))
}

async function fetchOne(source: ChunkSource, id: string): Promise<SealedChunk> {
  const failures: unknown[] = []
  for await (const copy of fetchEvery(source, id, failures)) return copy
  throw unreadable(source.index, id, failures)
}
