import type { TableFingerprint } from '../postgres/fingerprint.ts'
import { qualifiedName } from '../postgres/identifiers.ts'
import {
  type CopyTable,
  copySegmentSql,
  countSegmentSql,
  type SegmentRange,
  segmentRanges,
  wholeRange,
} from '../postgres/segments.ts'
import type { SourceTable } from '../postgres/tables.ts'
import type { WorkItem } from './work-queue.ts'
import type { ReadJob } from './worker-protocol.ts'

/** What planning needs to know of a table. */
export interface ReadableTable extends CopyTable {
  oid: number
  /** Blocks of the main fork, read after the snapshot. */
  blocks: number
  /** With TOAST. */
  total_bytes: number
  rows_excluded: boolean
}

/** A table with all that decides whether an earlier backup's segments can be compared with it. */
export type FingerprintedTable = SourceTable & TableFingerprint

export interface PlannedTable<Table extends ReadableTable = ReadableTable> {
  table: Table
  ranges: SegmentRange[]
  /** Blocks per segment of this table. */
  segmentBlocks: number
}

/** What a table costs beyond its bytes: a round trip or two. */
const tableWeight = 16 << 10
/** Counting skips the output functions, the detoasting and everything of ours. */
const countShare = 1 / 8

/** Cuts tables into segments. A table whose rows are left out has none. */
export function planTables<Table extends ReadableTable>(
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
  { blocks, total_bytes }: ReadableTable,
  { segmentBlocks, blockBytes }: { segmentBlocks: number; blockBytes: number },
): number {
  const share = total_bytes > 0 ? Math.min(1, (blocks * blockBytes) / total_bytes) : 1
  if (share > 0.5) return segmentBlocks
  return Math.max(Math.min(fewestBlocks, segmentBlocks), 2 ** Math.round(Math.log2(Math.max(1, segmentBlocks * share))))
}

function rangesOf(table: ReadableTable, segmentBlocks: number): SegmentRange[] {
  if (table.rows_excluded) return []
  if (table.divisible === false) return [wholeRange(table.blocks)]
  return segmentRanges(table.blocks, segmentBlocks)
}

/**
 * The work of reading and counting the planned tables: those segments that `wanted` names, and a count unless the table
 * is `counted` already. A small table's count goes with its rows, under the same lock; a large one's is work of its
 * own, for another worker at the same time.
 */
export function tableWork(
  planned: readonly PlannedTable[],
  wanted: (table: number, segment: number) => boolean = () => true,
  counted: (table: number) => boolean = () => false,
): WorkItem[][] {
  return planned.flatMap(({ table: { total_bytes, blocks }, ranges }, table): WorkItem[][] => {
    if (ranges.length === 0) return []
    const bytesPerBlock = total_bytes / Math.max(1, blocks)
    const all = ranges.map((range, segment): WorkItem => {
      const weight = Math.round(range.blocks * bytesPerBlock) + (segment === 0 ? tableWeight : 0)
      return { kind: 'rows', table, segment, weight }
    })
    const rows = all.filter(({ segment }) => wanted(table, segment))
    if (counted(table)) return rows.length === 0 ? [] : [rows]
    const weight = Math.round(all.reduce((sum, item) => sum + item.weight, 0) * countShare)
    const count: WorkItem = { kind: 'count', table, segment: 0, weight }
    return ranges.length === 1 ? [[...rows, count]] : [rows, [count]]
  })
}

/** The SQL of a job: locks, COPYs, counts. */
export function tableJob(planned: readonly PlannedTable[], items: readonly WorkItem[], encoding: string): ReadJob {
  const own = items.filter((item) => item.kind === 'rows' || item.kind === 'count')
  const locked = new Set(own.map((item) => item.table))
  const tableOf = (index: number) => planned[index]!
  return {
    lock: [...locked].map((table) => ({ table, name: qualifiedName(tableOf(table).table) })),
    copies: items
      .filter((item) => item.kind === 'rows')
      .map(({ table: index, segment }) => {
        const { table, ranges } = tableOf(index)
        const range = ranges[segment]!
        const { oid, schema, name } = table
        return {
          table: index,
          segment,
          sql: copySegmentSql(table, range, encoding),
          range: { oid, schema, name, start: range.start, end: range.end },
        }
      }),
    counts: items
      .filter((item) => item.kind === 'count')
      .map(({ table: index }) => {
        const { table } = tableOf(index)
        return { table: index, sql: `(${countSegmentSql(table, wholeRange(table.blocks))})` }
      }),
  }
}
