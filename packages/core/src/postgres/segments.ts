import { qualifiedName, quoteIdentifier, quoteLiteral } from './identifiers.ts'

/** Rows whose ctid lies in the blocks [start, end); `end: null` is open. */
export interface SegmentRange {
  start: number
  end: number | null
  /** Blocks the range covered when it was made. */
  blocks: number
}

/** What COPY needs to know of a table. */
export interface CopyTable {
  schema: string
  name: string
  columns: readonly string[]
  /** `WHERE ...` of an extension configuration table. */
  condition?: string | null
  /** Whether it can be read by block ranges; default true. */
  divisible?: boolean
  /** Why no query of it may be planned (unplannable-tables.ts): it is read by `COPY table TO`. Default null. */
  unplannable?: string | null
}

/**
 * Cuts a table of `blocks` blocks into ranges of `segmentBlocks`. The last one is open, so that every row visible in
 * the snapshot is in exactly one range, however much the table grows during the backup; an empty table has one range,
 * too.
 */
export function segmentRanges(blocks: number, segmentBlocks: number): SegmentRange[] {
  const ranges: SegmentRange[] = []
  for (let start = 0; start === 0 || start < blocks; start += segmentBlocks) {
    const last = start + segmentBlocks >= blocks
    ranges.push({ start, end: last ? null : start + segmentBlocks, blocks: Math.min(segmentBlocks, blocks - start) })
  }
  return ranges
}

/** The one range of a table that cannot be cut. */
export function wholeRange(blocks: number): SegmentRange {
  return { start: 0, end: null, blocks }
}

/**
 * `COPY (SELECT ... FROM ONLY t WHERE ctid ...) TO STDOUT` in the database's own encoding, so that no byte is
 * converted. A range makes a TID Range Scan: the server reads those blocks and no others, in their order.
 */
export function copySegmentSql(table: CopyTable, range: SegmentRange, encoding = 'UTF8'): string {
  if (table.unplannable && rowCondition(table, range) === '') return copyTableSql(table, table.columns, encoding)
  return `COPY (${selectRows(table, range)}) TO STDOUT${encodingOption(encoding)}`
}

/** `COPY table TO STDOUT`: what pg_dump runs, and what no planner looks at. No columns: all that are not generated. */
export function copyTableSql(table: CopyTable, columns: readonly string[], encoding = 'UTF8'): string {
  const list = columns.length > 0 ? ` (${columns.map(quoteIdentifier).join(', ')})` : ''
  return `COPY ${qualifiedName(table)}${list} TO STDOUT${encodingOption(encoding)}`
}

/** Counts the rows the COPY of the same range writes. */
export function countSegmentSql(table: CopyTable, range: SegmentRange): string {
  return `SELECT pg_catalog.count(*)::text AS rows FROM ONLY ${qualifiedName(table)}${rowCondition(table, range)}`
}

/** `COPY t (columns) FROM STDIN`; the counterpart of {@link copySegmentSql}. */
export function copyIntoSql(table: CopyTable, options: { encoding?: string; freeze?: boolean } = {}): string {
  const { encoding = 'UTF8', freeze = false } = options
  const list = table.columns.length > 0 ? ` (${table.columns.map(quoteIdentifier).join(', ')})` : ''
  const settings = [
    ...(freeze ? ['FREEZE'] : []),
    ...(encoding === 'UTF8' ? [] : [`ENCODING ${quoteLiteral(encoding)}`]),
  ]
  return `COPY ${qualifiedName(table)}${list} FROM STDIN${settings.length > 0 ? ` (${settings.join(', ')})` : ''}`
}

function selectRows(table: CopyTable, range: SegmentRange): string {
  const columns = table.columns.map(quoteIdentifier).join(', ')
  return `SELECT ${columns} FROM ONLY ${qualifiedName(table)}${rowCondition(table, range)}`
}

function rowCondition(table: CopyTable, range: SegmentRange): string {
  const whole = range.start === 0 && range.end === null
  if (table.condition) {
    if (!whole) throw new RangeError('A table with a condition is read as one segment.')
    return ` ${table.condition}`
  }
  if (whole) return ''
  if (table.divisible === false) throw new RangeError('This table is read as one segment.')
  const upper = range.end === null ? '' : ` AND ctid < '(${range.end},0)'`
  return ` WHERE ctid >= '(${range.start},0)'${upper}`
}

function encodingOption(encoding: string): string {
  return encoding === 'UTF8' ? '' : ` (ENCODING ${quoteLiteral(encoding)})`
}
