import type { Query } from '../postgres/query.ts'
import type { SegmentRange } from '../postgres/segments.ts'

/** How the pages of large objects are read: in segments by oid. */
export interface LargeObjectPlan {
  /** `start` and `end` are oids, `blocks` the number of objects. Empty when there are none. */
  ranges: SegmentRange[]
  /** Whether `pg_largeobject` itself may be read; else every object is opened, which asks for the right to each. */
  direct: boolean
  /** Size of all pages, for planning. */
  totalBytes: number
}

const objectsPerSegment = 1000

/** What is asked before planning: whether `pg_largeobject` may be read, and its size. */
export async function readLargeObjectAccess(query: Query): Promise<Pick<LargeObjectPlan, 'direct' | 'totalBytes'>> {
  const [facts] = await query<{ direct: boolean; bytes: string }>(
    `SELECT pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT') AS direct,
       pg_catalog.pg_table_size('pg_catalog.pg_largeobject')::text AS bytes`,
  )
  return { direct: facts!.direct, totalBytes: Number(facts!.bytes) }
}

/**
 * Cuts the objects into ranges of about a thousand. `oids` in ascending order. The ranges of an earlier backup are kept,
 * so that objects that come and go do not shift all that follow; one that has grown to twice its size is cut again.
 */
export function planLargeObjects(
  oids: ArrayLike<number>,
  access: Pick<LargeObjectPlan, 'direct' | 'totalBytes'>,
  earlier: readonly Pick<SegmentRange, 'start' | 'end'>[] = [],
): LargeObjectPlan {
  const kept = tiles(earlier) ? earlier : [{ start: 0, end: null }]
  const ranges: SegmentRange[] = []
  let first = 0
  for (const { start, end } of oids.length === 0 ? [] : kept) {
    let next = first
    while (next < oids.length && (end === null || oids[next]! < end)) next++
    const most = kept === earlier ? 2 * objectsPerSegment : objectsPerSegment
    const size = next - first <= most ? Math.max(1, next - first) : objectsPerSegment
    for (let at = first, from = start; at < next || from === start; at += size) {
      const blocks = Math.min(size, next - at)
      const last = at + size >= next
      const until = last ? end : oids[at + size]!
      ranges.push({ start: from, end: until, blocks: Math.max(0, blocks) })
      if (last) break
      from = oids[at + size]!
    }
    first = next
  }
  return { ranges, ...access }
}

/** Whether ranges follow one another from 0 to the end. */
export function tiles(ranges: readonly Pick<SegmentRange, 'start' | 'end'>[]): boolean {
  return (
    ranges.length > 0 &&
    ranges.every(({ start }, i) => start === (i === 0 ? 0 : ranges[i - 1]!.end)) &&
    ranges.at(-1)!.end === null
  )
}

/** COPY text of (loid, pageno, data), in the order in which it will be written back. */
export function pagesSql(plan: Pick<LargeObjectPlan, 'direct'>, range: SegmentRange): string {
  const upper = range.end === null ? '' : ` AND loid < ${range.end}`
  return `COPY (SELECT loid, pageno, data FROM ${pagesFrom(plan, range)}
    WHERE loid >= ${range.start}${upper} ORDER BY loid, pageno) TO STDOUT`
}

/**
 * Pages as rows. Where the role cannot read `pg_largeobject`, each object is opened for its length and read page by
 * page; holes come back as zeros, which is what they read as.
 */
function pagesFrom({ direct }: Pick<LargeObjectPlan, 'direct'>, range: SegmentRange): string {
  if (direct) return 'pg_catalog.pg_largeobject'
  return `(SELECT o.oid AS loid, p.pageno, pg_catalog.lo_get(o.oid, p.pageno * 2048::bigint, 2048) AS data
    FROM (${lengthsSql(range)}) o
    CROSS JOIN LATERAL pg_catalog.generate_series(0, (o.length + 2047) / 2048 - 1) AS p(pageno)) pages`
}

/** Counts the pages of all ranges. */
export function countSql({ direct }: Pick<LargeObjectPlan, 'direct'>): string {
  if (direct) return 'SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject'
  const all = lengthsSql({ start: 0, end: null })
  return `SELECT COALESCE(pg_catalog.sum((o.length + 2047) / 2048), 0) FROM (${all}) o`
}

/** 262144 is INV_READ, 2 is SEEK_END; OFFSET 0 keeps the planner from opening each object once per page. */
function lengthsSql(range: Pick<SegmentRange, 'start' | 'end'>): string {
  const upper = range.end === null ? '' : ` AND oid < ${range.end}`
  return `SELECT oid, pg_catalog.lo_lseek64(pg_catalog.lo_open(oid, 262144), 0, 2) AS length
    FROM pg_catalog.pg_largeobject_metadata WHERE oid >= ${range.start}${upper} OFFSET 0`
}
