import type { TableFingerprint } from '../postgres/fingerprint.ts'
import { type CopyTable, type SegmentRange, segmentRanges, wholeRange } from '../postgres/segments.ts'
import type { SourceTable } from '../postgres/tables.ts'

/** What planning needs to know of a table. */
export interface SizedTable extends CopyTable {
  oid: number
  /** Blocks of the main fork, read after the snapshot. */
  blocks: number
  /** With TOAST. */
  total_bytes: number
  rows_excluded: boolean
}

/** A table with all that decides whether an earlier backup's segments can be compared with it. */
export type FingerprintedTable = SourceTable & TableFingerprint

export interface PlannedTable<Table extends SizedTable = SizedTable> {
  table: Table
  ranges: SegmentRange[]
  /** Blocks per segment of this table. */
  segmentBlocks: number
}

/** Cuts tables into segments. A table whose rows are left out has none. */
export function planTables<Table extends SizedTable>(
  tables: readonly Table[],
  options: {
    segmentBlocks: number
    blockBytes: number
    /** Segment size of the table in the backup to compare with. */
    earlier?: (table: Table) => number | undefined
  },
): PlannedTable<Table>[] {
  return tables.map((table) => {
    const segmentBlocks = keepSize(segmentBlocksOf(table, options), options.earlier?.(table), options.segmentBlocks)
    return { table, segmentBlocks, ranges: rangesOf(table, segmentBlocks) }
  })
}

/** The earlier size, if it will still do: a share of TOAST that swings around a bound must not change it each time. */
function keepSize(computed: number, earlier: number | undefined, largest: number): number {
  const close = earlier !== undefined && earlier >= computed / 2 && earlier <= computed * 2 && earlier <= largest
  return close ? earlier : computed
}

const fewestBlocks = 16

/**
 * Segments of a table whose rows lie mostly in TOAST are made of fewer blocks, so that each is about as much work as
 * others; else 1024 blocks of row headers could stand for gigabytes that only one worker reads. A power of two, so
 * that it stays the same while the table grows a little.
 */
function segmentBlocksOf(
  { blocks, total_bytes }: SizedTable,
  { segmentBlocks, blockBytes }: { segmentBlocks: number; blockBytes: number },
): number {
  const share = total_bytes > 0 ? Math.min(1, (blocks * blockBytes) / total_bytes) : 1
  if (share > 0.5) return segmentBlocks
  return Math.max(Math.min(fewestBlocks, segmentBlocks), 2 ** Math.round(Math.log2(Math.max(1, segmentBlocks * share))))
}

function rangesOf(table: SizedTable, segmentBlocks: number): SegmentRange[] {
  if (table.rows_excluded) return []
  if (table.divisible === false) return [wholeRange(table.blocks)]
  return segmentRanges(table.blocks, segmentBlocks)
}
