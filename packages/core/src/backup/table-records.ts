import type { SegmentRange } from '../postgres/segments.ts'
import type { Segment, StreamRef } from '../repository/documents/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import { describeChange } from './detect-changes.ts'
import { type ReadableTable, type ReadSegment, segmentsOf, segmentsRead } from './readable.ts'

/** The lines of the `tables` stream, in the order of the catalog, so that an unchanged list costs nothing to store. */
export async function* tableRecords(
  tables: readonly ReadableTable[],
  writer: RepositoryWriter,
): AsyncGenerator<unknown> {
  for (const readable of tables) {
    const { total_bytes: _, divisible: __, unplannable: ___, permanent: ____, ...recorded } = readable.table
    const segments = segmentRecords(readable.ranges, segmentsOf(readable))
    yield {
      ...recorded,
      rows: segments.reduce((sum, segment) => sum + segment.rows, 0),
      bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
      segment_blocks: readable.segmentBlocks,
      segments: await storedSegments(segments, writer),
      change: describeChange(readable.change, segmentsRead(readable)),
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
