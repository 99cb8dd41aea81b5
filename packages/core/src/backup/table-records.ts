import type { SegmentRange } from '../postgres/segments.ts'
import type { Segment, StreamRef } from '../repository/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import { describeChange } from './detect-changes.ts'
import type { FingerprintedTable, PlannedTable } from './plan-tables.ts'
import type { RowReading } from './read-rows.ts'
import type { ReadSegment } from './read-tables.ts'

/** The lines of the `tables` stream, in the order of the catalog, so that an unchanged list costs nothing anew. */
export async function* tableRecords(
  planned: readonly PlannedTable<FingerprintedTable>[],
  rows: RowReading,
  writer: RepositoryWriter,
): AsyncGenerator<unknown> {
  for (const [index, { table, ranges, segmentBlocks }] of planned.entries()) {
    const { total_bytes: _, divisible: __, ...recorded } = table
    const segments = segmentRecords(ranges, rows.segments[index]!)
    yield {
      ...recorded,
      rows: segments.reduce((sum, segment) => sum + segment.rows, 0),
      bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
      segment_blocks: segmentBlocks,
      segments: await storedSegments(segments, writer),
      change: describeChange(rows.changes[index]!, rows.segmentsRead[index]!),
    }
  }
}

/** Segments as they are recorded: the range, and what reading it gave. */
export function segmentRecords(ranges: readonly SegmentRange[], read: readonly ReadSegment[]): Segment[] {
  return ranges.map((range, index) => {
    const { rows, bytes, ids } = read[index]!
    return { ...range, rows, bytes, chunks: ids }
  })
}

/** Segments kept inside a table's line; a longer list is a stream of its own, which costs nothing while unchanged. */
const inlineSegments = 16

export async function storedSegments(segments: Segment[], writer: RepositoryWriter): Promise<Segment[] | StreamRef> {
  return segments.length <= inlineSegments ? segments : writer.writeJsonLines(segments)
}
