import type { ChunkReader } from '../repository/chunk-reader.ts'
import {
  largeObjectSchema,
  type Manifest,
  type Segment,
  type StreamRef,
  segmentSchema,
  sequenceSchema,
  tableSchema,
} from '../repository/documents.ts'
import type { ExportSource } from './export-source.ts'

/** A backup in a repository as the source of an export. Everything read is authenticated on the way. */
export async function repositorySource(reader: ChunkReader, manifest: Manifest): Promise<ExportSource> {
  const { streams } = manifest
  const bytesOf = (segments: Segment[] | StreamRef) => reader.readChunks(chunksOf(reader, segments))
  return {
    createdAt: new Date(manifest.created_at),
    schema: await reader.readBytes(streams.schema),
    async *tables() {
      for await (const { oid, schema, name, columns, load_via, rows_excluded, segments } of reader.readJsonLines(
        streams.tables,
        tableSchema,
      ))
        if (!rows_excluded) yield { oid, schema, name, columns, load_via, rows: () => bytesOf(segments) }
    },
    sequences: () => reader.readJsonLines(streams.sequences, sequenceSchema),
    populatedViews: manifest.populated_views ?? null,
    largeObjects: () => reader.readJsonLines(streams.large_objects, largeObjectSchema),
    largeObjectPages: () => bytesOf(manifest.large_object_segments),
    largeObjectPageBytes: manifest.snapshot.block_size / 4,
  }
}

async function* chunksOf(reader: ChunkReader, segments: Segment[] | StreamRef): AsyncGenerator<string> {
  const list = Array.isArray(segments) ? segments : reader.readJsonLines(segments, segmentSchema)
  for await (const segment of list) yield* segment.chunks
}
