import { createHostPause } from '../../threads/yield-to-host.ts'
import type { ChunkReader } from '../chunks/chunk-reader.ts'
import { type Manifest, type Segment, type StreamRef, segmentSchema, tableSchema } from './documents.ts'

/**
 * The id of every chunk a backup needs, those of its lists included; some come more than once. What prune keeps,
 * commit checks and verify reads.
 */
export async function* manifestChunkIds(reader: ChunkReader, manifest: Manifest): AsyncGenerator<string> {
  const breathe = createHostPause()
  for await (const id of everyId(reader, manifest)) {
    await breathe(1)
    yield id
  }
}

/** The same of its media folders alone. */
export async function* mediaChunkIds(reader: ChunkReader, { media }: Manifest): AsyncGenerator<string> {
  const breathe = createHostPause()
  for (const { tar } of media)
    for await (const id of reader.everyChunkId(tar)) {
      await breathe(1)
      yield id
    }
}

async function* everyId(reader: ChunkReader, manifest: Manifest): AsyncGenerator<string> {
  for (const ref of Object.values(manifest.streams)) yield* reader.everyChunkId(ref)
  for (const { tar } of manifest.media) yield* reader.everyChunkId(tar)
  yield* segmentsChunkIds(reader, manifest.large_object_segments)
  for await (const table of reader.readJsonLines(manifest.streams.tables, tableSchema)) {
    yield* segmentsChunkIds(reader, table.segments)
  }
}

/** The segments of a table, wherever they are written down. */
export async function* readSegments(reader: ChunkReader, segments: Segment[] | StreamRef): AsyncGenerator<Segment> {
  if (Array.isArray(segments)) yield* segments
  else yield* reader.readJsonLines(segments, segmentSchema)
}

async function* segmentsChunkIds(reader: ChunkReader, segments: Segment[] | StreamRef): AsyncGenerator<string> {
  if (!Array.isArray(segments)) yield* reader.everyChunkId(segments)
  for await (const segment of readSegments(reader, segments)) yield* segment.chunks
}
