import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import type { ChunkReader } from '../repository/chunks/chunk-reader.ts'
import {
  largeObjectSchema,
  type Manifest,
  type Segment,
  type StreamRef,
  sequenceSchema,
  tableSchema,
} from '../repository/documents/documents.ts'
import { readSegments } from '../repository/documents/manifest-chunks.ts'

interface StructureOptions {
  listArchive?: (archive: Buffer, options: { signal?: AbortSignal }) => Promise<void>
  signal?: AbortSignal
}

/**
 * Whether a backup's lists add up: tables and rows as the manifest counts them, segments in order and without overlap,
 * chunk lengths that sum to the bytes recorded, archives that can be listed. Reads lists and definitions, no rows.
 */
export async function verifyStructure(
  reader: ChunkReader,
  index: ChunkIndex,
  manifest: Manifest,
  options: StructureOptions = {},
): Promise<string[]> {
  const problems: string[] = []
  const expect = (what: string, found: number, recorded: number) => {
    if (found !== recorded) problems.push(`${what}: ${found} found, ${recorded} recorded.`)
  }
  const { streams } = manifest

  let tables = 0
  let rows = 0
  for await (const table of reader.readJsonLines(streams.tables, tableSchema)) {
    const name = `${table.schema}.${table.name}`
    const sums = await addUp({ reader, index, problems }, table.segments, name)
    expect(`Rows of ${name}`, sums.rows, table.rows)
    expect(`Bytes of ${name}`, sums.bytes, table.bytes)
    tables++
    rows += table.rows
  }
  expect('Tables', tables, manifest.table_count)
  expect('Rows', rows, manifest.row_count)
  for await (const _ of reader.readJsonLines(streams.sequences, sequenceSchema));

  let largeObjects = 0
  for await (const _ of reader.readJsonLines(streams.large_objects, largeObjectSchema)) largeObjects++
  expect('Large objects', largeObjects, manifest.large_object_count)
  await addUp({ reader, index, problems }, manifest.large_object_segments, 'large objects')

  let mediaBytes = 0
  for (const { name, tar, bytes } of manifest.media) {
    expect(`Bytes of the media archive ${name}`, await streamBytes(reader, index, tar), tar.bytes)
    if (tar.bytes % 512 !== 0) problems.push(`The media archive ${name} does not end where a tar archive ends.`)
    mediaBytes += bytes
  }
  expect('Bytes of media', mediaBytes, manifest.media_size)

  if (manifest.media_only) return problems
  const archive = await reader.readBytes(streams.schema)
  if (archive.length === 0 || !archive.subarray(0, 5).equals(Buffer.from('PGDMP')))
    problems.push('The definitions are not a pg_dump archive.')
  else await options.listArchive?.(archive, { signal: options.signal })
  return problems
}

async function addUp(
  { reader, index, problems }: { reader: ChunkReader; index: ChunkIndex; problems: string[] },
  segments: Segment[] | StreamRef,
  name: string,
): Promise<{ rows: number; bytes: number }> {
  const sums = { rows: 0, bytes: 0 }
  let end: number | null = 0
  for await (const segment of readSegments(reader, segments)) {
    if (end === null || segment.start < end || (segment.end !== null && segment.end < segment.start))
      problems.push(`The segments of ${name} overlap or are out of order at ${segment.start}.`)
    end = segment.end
    sums.rows += segment.rows
    sums.bytes += segment.bytes
    const bytes = segment.chunks.reduce((sum, id) => sum + (index.find(id)?.bytes ?? 0), 0)
    if (bytes !== segment.bytes)
      problems.push(`The chunks of ${name} at ${segment.start} hold ${bytes} bytes; ${segment.bytes} are recorded.`)
  }
  return sums
}

async function streamBytes(reader: ChunkReader, index: ChunkIndex, ref: StreamRef): Promise<number> {
  let bytes = 0
  for await (const id of reader.chunkIds(ref)) bytes += index.find(id)?.bytes ?? 0
  return bytes
}
