import { EngineError, isEngineError } from '../errors.ts'
import { StorageObjectMissing } from '../storage/storage.ts'
import type { ChunkIndex, ChunkLocation } from './chunk-index.ts'
import { mapInOrder } from './concurrency.ts'
import { damaged } from './damage.ts'
import { packObjectName } from './layout.ts'
import type { Repository } from './repository.ts'
import type { SealedChunk } from './sealed-chunk.ts'

/** One request: at most 4 MiB, over gaps that cost less than a request of their own. */
const rangeBytes = 4 * 1024 * 1024
const gapBytes = 64 * 1024
/** Requests under way at once; with the range they bound the memory at 16 MiB. */
const readAhead = 4

interface Range {
  pack: string
  offset: number
  length: number
  chunks: { id: string; at: ChunkLocation }[]
}

/**
 * The sealed bytes of chunks, in the order asked for: neighbours in one request, some requests ahead. A chunk whose
 * pack cannot be read comes from another copy; without one `CHUNK_MISSING` or `REPOSITORY_DAMAGED` is thrown.
 */
export async function* fetchSealed(
  repository: Repository,
  index: ChunkIndex,
  ids: Iterable<string> | AsyncIterable<string>,
  signal?: AbortSignal,
): AsyncGenerator<SealedChunk> {
  const ranges = coalesce(index, ids)
  for await (const chunks of mapInOrder(ranges, readAhead, (range) => fetchRange(repository, index, range, signal))) {
    yield* chunks
  }
}

/** Every copy of one chunk that can be read, best first; `failures` collects why others cannot. */
export async function* fetchCopies(
  repository: Repository,
  index: ChunkIndex,
  id: string,
  failures: unknown[],
  signal?: AbortSignal,
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

async function* coalesce(index: ChunkIndex, ids: Iterable<string> | AsyncIterable<string>): AsyncGenerator<Range> {
  let range: Range | undefined
  for await (const id of ids) {
    const at = index.find(id)
    if (at === undefined) {
      if (range) yield range
      throw unreadable(index, id, [])
    }
    if (range && fits(range, at)) {
      range.length = Math.max(range.length, at.offset + at.storedBytes - range.offset)
      range.chunks.push({ id, at })
      continue
    }
    if (range) yield range
    range = { pack: at.pack, offset: at.offset, length: at.storedBytes, chunks: [{ id, at }] }
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
    range.chunks.length < 4096
  )
}

async function fetchRange(
  repository: Repository,
  index: ChunkIndex,
  range: Range,
  signal: AbortSignal | undefined,
): Promise<SealedChunk[]> {
  const { pack, offset, length } = range
  try {
    const data = await repository.storage.get(packObjectName(pack), { offset, length, signal })
    return range.chunks.map(({ id, at }) => {
      const start = at.offset - offset
      return { id, bytes: at.bytes, data: data.subarray(start, start + at.storedBytes), pack }
    })
  } catch (error) {
    if (!isLoss(error)) throw error
  }
  return Promise.all(range.chunks.map(({ id }) => fetchOne(repository, index, id, signal)))
}

async function fetchOne(
  repository: Repository,
  index: ChunkIndex,
  id: string,
  signal: AbortSignal | undefined,
): Promise<SealedChunk> {
  const failures: unknown[] = []
  for await (const copy of fetchCopies(repository, index, id, failures, signal)) return copy
  throw unreadable(index, id, failures)
}
