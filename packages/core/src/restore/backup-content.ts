import type { ChunkReader } from '../repository/chunk-reader.ts'
import type { Segment } from '../repository/documents.ts'
import type { SealedChunk } from '../repository/sealed-chunk.ts'

/** The sealed chunks of segments, in order, repeated ones as often as they occur. */
export function sealedChunksOf(
  reader: ChunkReader,
  segments: AsyncIterable<Segment> | Iterable<Segment>,
): AsyncIterable<SealedChunk> {
  return reader.fetchSealed(idsOf(segments))
}

async function* idsOf(segments: AsyncIterable<Segment> | Iterable<Segment>): AsyncGenerator<string> {
  for await (const segment of segments) yield* segment.chunks
}
