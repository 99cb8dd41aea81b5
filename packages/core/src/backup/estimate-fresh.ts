import type { Query } from '../postgres/query.ts'
import { type ScannedRange, type ScanResult, scanSegments } from '../postgres/scan-segments.ts'
import type { SegmentRange } from '../postgres/segments.ts'
import type { ScanTask } from './scan-tasks.ts'

/** Up to so many blocks (32 MiB) fresh rows are counted by the scan itself, which costs a fifth more. */
const countedBlocks = 4096
/** Of each range of more, so many pieces of so many blocks are looked at: 2 MiB. */
const [pieces, blocksOfPiece] = [4, 64]

/** Whether the scan of a task is to count the rows that came since, and not only say whether there are any. */
export const countsFresh = ({ blocks }: Pick<ScanTask, 'blocks'>): boolean => blocks <= countedBlocks

/**
 * Estimates how many rows of each range came since the earlier snapshot, from a few of its blocks. Where every block is
 * rewritten that is exact. What cannot be estimated stays without a number. In the transaction of the scan.
 */
export async function estimateFresh(
  query: Query,
  task: ScanTask,
  { results, xmin }: { results: readonly ScanResult[]; xmin: string },
): Promise<void> {
  const asked: { range: ScannedRange; arms: number }[] = []
  const tables = task.tables.flatMap((table, position) => {
    const result = results[position]
    if (!Array.isArray(result)) return []
    const ranges = result.flatMap((range, offset) => {
      if (!range.fresh) {
        range.freshRows = 0
        return []
      }
      const cut = piecesOf(table.ranges[offset] as SegmentRange)
      asked.push({ range, arms: cut.length })
      return cut
    })
    return ranges.length === 0 ? [] : [{ ...table, ranges }]
  })
  if (tables.length === 0) return
  const found = (await scanSegments(query, tables, xmin, { countFresh: true })).flatMap((result, position) =>
    Array.isArray(result) ? result : (tables[position]?.ranges ?? []).map(() => null),
  )
  for (const { range, arms } of asked) {
    const seen = found.splice(0, arms)
    const rows = seen.reduce((sum, piece) => sum + (piece?.rows ?? 0), 0)
    const fresh = seen.reduce((sum, piece) => sum + (piece?.freshRows ?? 0), 0)
    if (rows > 0 && !seen.includes(null)) range.freshRows = Math.round((range.rows * fresh) / rows)
  }
}

function piecesOf({ start, blocks }: SegmentRange): SegmentRange[] {
  const piece = (from: number, count: number): SegmentRange => ({ start: from, end: from + count, blocks: count })
  if (blocks <= pieces * blocksOfPiece) return [piece(start, Math.max(1, blocks))]
  const step = Math.floor((blocks - blocksOfPiece) / (pieces - 1))
  return Array.from({ length: pieces }, (_, index) => piece(start + index * step, blocksOfPiece))
}
