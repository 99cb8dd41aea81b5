import { qualifiedName } from '../postgres/identifiers.ts'
import type { ChunkReader } from '../repository/chunks/chunk-reader.ts'
import { damaged } from '../repository/damage.ts'
import {
  largeObjectSchema,
  type Manifest,
  type Segment,
  type StreamRef,
  segmentSchema,
  sequenceSchema,
  type TableRecord,
  tableSchema,
} from '../repository/documents/documents.ts'
import { requireDatabase } from '../repository/documents/media-only.ts'
import type { ExportSource } from './export-source.ts'

/** A backup in a repository as the source of an export. Everything read is authenticated on the way. */
export async function repositorySource(reader: ChunkReader, manifest: Manifest): Promise<ExportSource> {
  requireDatabase(manifest)
  const { streams } = manifest
  return {
    createdAt: new Date(manifest.created_at),
    schema: await reader.readBytes(streams.schema),
    async *tables() {
      for await (const table of reader.readJsonLines(streams.tables, tableSchema)) {
        if (table.rows_excluded) continue
        const { oid, schema, name, columns, load_via, bytes } = table
        yield { oid, schema, name, columns, load_via, bytes, rows: (from) => tableRows(reader, table, from) }
      }
    },
    sequences: () => reader.readJsonLines(streams.sequences, sequenceSchema),
    populatedViews: manifest.populated_views ?? null,
    largeObjects: () => reader.readJsonLines(streams.large_objects, largeObjectSchema),
    largeObjectPages: () => reader.readChunks(chunksOf(segmentsOf(reader, manifest.large_object_segments))),
    largeObjectPageBytes: manifest.snapshot.block_size / 4,
  }
}

/** The rows from a byte on. Segments that lie before it are not read. */
export async function* tableRows(reader: ChunkReader, table: TableRecord, from = 0): AsyncGenerator<Uint8Array> {
  let passed = 0
  async function* segments() {
    let end = 0
    for await (const segment of segmentsOf(reader, table.segments)) {
      end += segment.bytes
      if (end <= from) passed = end
      else yield segment
    }
  }
  // Nothing is passed over any more once there are bytes.
  let read = 0
  for await (const piece of reader.readChunks(chunksOf(segments()))) {
    const before = from - passed - read
    read += piece.length
    if (passed + read > table.bytes) break
    if (piece.length > before) yield before > 0 ? piece.subarray(before) : piece
  }
  if (passed + read !== table.bytes)
    throw damaged(`The rows of ${qualifiedName(table)}`, `are not the ${table.bytes} bytes they should be`)
}

function segmentsOf(reader: ChunkReader, segments: Segment[] | StreamRef): Iterable<Segment> | AsyncIterable<Segment> {
  return Array.isArray(segments) ? segments : reader.readJsonLines(segments, segmentSchema)
}

async function* chunksOf(segments: Iterable<Segment> | AsyncIterable<Segment>): AsyncGenerator<string> {
  for await (const segment of segments) yield* segment.chunks
}
