import type { Query } from '../postgres/query.ts'
import type { SegmentRange } from '../postgres/segments.ts'
import type { WorkItem } from './work-queue.ts'
import type { ReadJob } from './worker-protocol.ts'

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

/** `oids` in ascending order. */
export async function planLargeObjects(query: Query, oids: readonly number[]): Promise<LargeObjectPlan> {
  const [facts] = await query<{ direct: boolean; bytes: string }>(
    `SELECT pg_catalog.has_table_privilege('pg_catalog.pg_largeobject', 'SELECT') AS direct,
       pg_catalog.pg_table_size('pg_catalog.pg_largeobject')::text AS bytes`,
  )
  const ranges: SegmentRange[] = []
  for (let first = 0; first < oids.length; first += objectsPerSegment) {
    const blocks = Math.min(objectsPerSegment, oids.length - first)
    ranges.push({ start: first === 0 ? 0 : oids[first]!, end: oids[first + objectsPerSegment] ?? null, blocks })
  }
  return { ranges, direct: facts!.direct, totalBytes: Number(facts!.bytes) }
}

/** The work of reading them, as the pseudo table `table`. */
export function largeObjectWork(plan: LargeObjectPlan, table: number): WorkItem[][] {
  if (plan.ranges.length === 0) return []
  const weight = Math.round(plan.totalBytes / plan.ranges.length) + 1
  const pages = plan.ranges.map((_, segment): WorkItem => ({ kind: 'large-objects', table, segment, weight }))
  return [pages, [{ kind: 'large-object-count', table, segment: 0, weight: 1 }]]
}

/** COPY text of (loid, pageno, data), in the order in which it will be written back. */
export function largeObjectJob(plan: LargeObjectPlan, items: readonly WorkItem[]): Pick<ReadJob, 'copies' | 'counts'> {
  return {
    copies: items
      .filter((item) => item.kind === 'large-objects')
      .map(({ table, segment }) => ({ table, segment, sql: pagesSql(plan, plan.ranges[segment]!) })),
    counts: items
      .filter((item) => item.kind === 'large-object-count')
      .map(({ table }) => ({ table, sql: `(${countSql(plan)})` })),
  }
}

function pagesSql(plan: LargeObjectPlan, range: SegmentRange): string {
  const upper = range.end === null ? '' : ` AND loid < ${range.end}`
  return `COPY (SELECT loid, pageno, data FROM ${pagesFrom(plan, range)}
    WHERE loid >= ${range.start}${upper} ORDER BY loid, pageno) TO STDOUT`
}

/**
 * Pages as rows. Where `pg_largeobject` may not be read, each object is opened for its length and read page by page;
 * holes come back as zeros, which is what they read as.
 */
function pagesFrom(plan: LargeObjectPlan, range: SegmentRange): string {
  if (plan.direct) return 'pg_catalog.pg_largeobject'
  return `(SELECT o.oid AS loid, p.pageno, pg_catalog.lo_get(o.oid, p.pageno * 2048::bigint, 2048) AS data
    FROM (${lengthsSql(range)}) o
    CROSS JOIN LATERAL pg_catalog.generate_series(0, (o.length + 2047) / 2048 - 1) AS p(pageno)) pages`
}

function countSql(plan: LargeObjectPlan): string {
  if (plan.direct) return 'SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject'
  const all = lengthsSql({ start: 0, end: null })
  return `SELECT COALESCE(pg_catalog.sum((o.length + 2047) / 2048), 0) FROM (${all}) o`
}

/** 262144 is INV_READ, 2 is SEEK_END; OFFSET 0 keeps the planner from opening each object once per page. */
function lengthsSql(range: Pick<SegmentRange, 'start' | 'end'>): string {
  const upper = range.end === null ? '' : ` AND oid < ${range.end}`
  return `SELECT oid, pg_catalog.lo_lseek64(pg_catalog.lo_open(oid, 262144), 0, 2) AS length
    FROM pg_catalog.pg_largeobject_metadata WHERE oid >= ${range.start}${upper} OFFSET 0`
}
