import type { ScanTable } from '../postgres/scan-segments.ts'
import type { PlannedTable } from './plan-tables.ts'

/** What one statement scans: some segments of a large table, or many small tables. */
export interface ScanTask {
  tables: (ScanTable & { index: number; firstSegment: number })[]
  blocks: number
}

/** Bounds of one statement: 256 MiB of blocks, so that sessions end together; few enough arms to be planned at once. */
const blocksPerTask = 32_768
const armsPerTask = 64

/** Cuts the scan of tables into statements, heaviest first. */
export function scanTasks(tables: readonly (PlannedTable & { index: number })[]): ScanTask[] {
  const tasks: ScanTask[] = []
  let open: ScanTask | undefined
  let arms = 0
  for (const { table, ranges, index } of tables) {
    for (const [segment, range] of ranges.entries()) {
      if (!open || arms >= armsPerTask || open.blocks + range.blocks > blocksPerTask) {
        open = { tables: [], blocks: 0 }
        tasks.push(open)
        arms = 0
      }
      const last = open.tables.at(-1)
      if (last?.index === index) last.ranges = [...last.ranges, range]
      else {
        const { oid, schema, name } = table
        open.tables.push({ oid, schema, name, ranges: [range], index, firstSegment: segment })
      }
      open.blocks += range.blocks
      arms += 1
    }
  }
  return tasks.sort((a, b) => b.blocks - a.blocks)
}
