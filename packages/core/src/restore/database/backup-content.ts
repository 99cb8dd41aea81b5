import type { ChunkReader } from '../../repository/chunks/chunk-reader.ts'
import type { SealedChunk } from '../../repository/chunks/sealed-chunk.ts'
import type { Segment } from '../../repository/documents/documents.ts'

/** Sealed chunks for a worker, and where it gets another version of one that turns out to be damaged. */
export interface SealedChunks {
  chunks: AsyncIterable<SealedChunk>
  another(id: string): Promise<SealedChunk>
}

/** The sealed chunks of segments, in order, repeated ones as often as they occur. */
export function sealedChunksOf(
  reader: ChunkReader,
  segments: AsyncIterable<Segment> | Iterable<Segment>,
): SealedChunks {
  return { chunks: reader.fetchSealed(idsOf(segments)), another: (id) => reader.goodChunk(id) }
}

async function* idsOf(segments: AsyncIterable<Segment> | Iterable<Segment>): AsyncGenerator<string> {
  for await (const segment of segments) yield* segment.chunks
}
