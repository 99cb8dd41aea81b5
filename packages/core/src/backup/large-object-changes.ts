import type { Query } from '../postgres/query.ts'
import { anyFresh, earlierAgeSql } from '../postgres/scan-segments.ts'
import type { Manifest, Segment } from '../repository/documents/documents.ts'
import { readSegments } from '../repository/documents/manifest-chunks.ts'
import { comparableSegment } from './compare-table.ts'
import { isStored, isUnchanged } from './detect-changes.ts'
import type { Base } from './find-base.ts'
import type { LargeObjectPlan } from './large-objects.ts'
import type { RowChange } from './readable.ts'
import { changeOfIdle } from './take-over-idle.ts'

/** The base's segments of large objects, where they can be compared: both read from pg_largeobject itself. */
export async function earlierLargeObjects(base: Base, direct: boolean): Promise<Segment[] | { voided: string }> {
  const { change, large_object_segments }: Manifest = base.manifest
  if (!direct) return { voided: 'pg_largeobject cannot be read' }
  if (change?.large_object_pages !== true) return { voided: 'pg_largeobject was not read before' }
  const segments: Segment[] = []
  for await (const segment of readSegments(base.reader, large_object_segments)) segments.push(segment)
  return segments
}

/**
 * The rule of tables, for ranges of object ids: pages are written in the order of their key, so where they lie does not
 * matter, and a rewritten pg_largeobject changes nothing. One scan counts for all ranges.
 */
export async function detectLargeObjectChanges(
  query: Query,
  plan: LargeObjectPlan,
  base: Base,
  earlier: readonly Segment[],
): Promise<RowChange> {
  const { ranges } = plan
  // The same objects are cut into the same ranges.
  const same = ranges.length === earlier.length && ranges.every(({ end }, i) => end === earlier[i]?.end)
  const idle = base.notIdle === null && same ? changeOfIdle(earlier, base) : null
  if (idle) return idle
  const rows = await query<{ segment: number; rows: string; fresh: boolean }>(
    `${earlierAgeSql(base.manifest.snapshot.xmin)}
     SELECT pg_catalog.width_bucket(loid::pg_catalog.int8, $1::pg_catalog.int8[]) - 1 AS segment,
       pg_catalog.count(*) AS rows, ${anyFresh('xmin')} AS fresh
     FROM pg_catalog.pg_largeobject GROUP BY 1`,
    [ranges.map(({ start }) => String(start))],
  )
  const found = new Map(rows.map((row) => [row.segment, { rows: Number(row.rows), fresh: row.fresh }]))
  const scanned = ranges.map((_, segment) => ({ rows: 0, fresh: false, ...found.get(segment), foreign: false }))
  const byStart = new Map(earlier.map((segment) => [segment.start, segment]))
  return {
    voided: null,
    counted: scanned.map((range) => range.rows),
    takenOver: ranges.map((range, segment) => {
      const before = comparableSegment(byStart, range)
      return before && isUnchanged(before, scanned[segment]!) && isStored(base.index, before) ? before : undefined
    }),
  }
}
