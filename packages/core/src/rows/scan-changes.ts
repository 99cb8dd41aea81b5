import { scanTasks } from '../backup/scan-tasks.ts'
import { EngineError } from '../errors.ts'
import type { ScannedRange } from '../postgres/scan-segments.ts'
import { scanSegments } from '../postgres/scan-segments.ts'
import type { SegmentRange } from '../postgres/segments.ts'
import { readSegments } from '../repository/documents/manifest-chunks.ts'
import { type LiveView, shareOut } from './live-view.ts'
import type { TablePair } from './pair-tables.ts'

/** A segment of the backup, and what lies in its blocks now. The last one of a table is open: it has what was appended. */
export interface SegmentChange {
  range: SegmentRange
  /** Rows the backup has of it. */
  before: number
  /** Rows there are now. */
  now: number
  /** Rows not provably there when the backup was made: added, or changed. */
  fresh: number
  /** Rows of the backup that are no more as they were: changed, or deleted. */
  gone: number
}

/** What row headers tell of a table. */
export interface TableChanges {
  pair: TablePair
  segments: SegmentChange[]
}

/** For tests, which must see that a weaker rule is stopped. */
export type Weakening = 'xmax for xmin' | 'no tail' | 'no count'

/** Rows not provably older than this are fresh. */
export function freshSince(snapshot: { xmin: string; xmax: string }, weakening?: Weakening): string {
  return weakening === 'xmax for xmin' ? snapshot.xmax : snapshot.xmin
}

/**
 * Counts, in one scan of the tables' row headers, the rows that are fresh and those that are gone. No row is printed. Tables
 * whose headers prove nothing are not in the result. Where a table is not read by blocks, its `way` becomes `content`.
 */
export async function scanChanges(
  view: LiveView,
  pairs: readonly TablePair[],
  weakening?: Weakening,
): Promise<TableChanges[]> {
  const { baseline, sessions } = view
  const { manifest, reader } = baseline
  const planned: { pair: TablePair; ranges: SegmentRange[]; before: number[] }[] = []
  for (const pair of pairs.filter(({ way }) => way === 'headers')) {
    const ranges: SegmentRange[] = []
    const before: number[] = []
    for await (const { start, end, blocks, rows } of readSegments(reader, pair.record.segments)) {
      ranges.push({ start, end: weakening === 'no tail' ? start + blocks : end, blocks })
      before.push(rows)
    }
    if (weakening !== 'no tail') requireWholeTable(pair, ranges)
    planned.push({ pair, ranges, before })
  }
  const tasks = scanTasks(
    planned.map(({ pair, ranges }, index) => ({
      table: pair.live,
      ranges,
      segmentBlocks: pair.record.segment_blocks,
      index,
    })),
  )
  const scanned: ScannedRange[][] = planned.map(() => [])
  await shareOut(sessions, tasks, async ({ query }, task) => {
    const results = await scanSegments(query, task.tables, freshSince(manifest.snapshot, weakening), {
      countFresh: true,
    })
    for (const [position, { index, firstSegment }] of task.tables.entries()) {
      const result = results[position]!
      const { pair } = planned[index]!
      if (!Array.isArray(result))
        Object.assign(pair, { way: 'content', reason: `not read by blocks (${result.unexpectedPlan})` })
      else for (const [offset, range] of result.entries()) scanned[index]![firstSegment + offset] = range
    }
  })
  return planned.flatMap(({ pair, ranges, before }, index) => {
    if (pair.way !== 'headers') return []
    const segments = ranges.map((range, segment) => {
      const { rows, freshRows, foreign } = scanned[index]![segment]!
      if (foreign)
        throw new EngineError('DATABASE_CHANGED', `${pair.live.schema}.${pair.live.name} became another table.`)
      const change = segmentChange(range, before[segment]!, { now: rows, fresh: freshRows! })
      return weakening === 'no count' ? { ...change, gone: 0 } : change
    })
    return [{ pair, segments }]
  })
}

export function segmentChange(
  range: SegmentRange,
  before: number,
  { now, fresh }: { now: number; fresh: number },
): SegmentChange {
  return { range, before, now, fresh, gone: before - (now - fresh) }
}

/** Whether anything of the segment has to be read. A negative number of gone rows is a history that differs. */
export function isChanged({ fresh, gone }: SegmentChange): boolean {
  return fresh > 0 || gone !== 0
}

/** Segments must cover every block from the first on, or rows in a gap would belong to no segment. */
function requireWholeTable({ record }: TablePair, ranges: readonly SegmentRange[]): void {
  let next: number | null = 0
  for (const { start, end } of ranges) {
    if (start !== next) break
    next = end
  }
  if (next !== null || ranges.length === 0)
    throw new EngineError(
      'REPOSITORY_DAMAGED',
      `The segments of ${record.schema}.${record.name} do not cover the table.`,
    )
}
