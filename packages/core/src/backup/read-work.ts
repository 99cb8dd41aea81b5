import { EngineError } from '../errors.ts'
import { qualifiedName } from '../postgres/identifiers.ts'
import { copySegmentSql, copyTableSql, countSegmentSql, wholeRange } from '../postgres/segments.ts'
import { countSql, pagesSql } from './large-objects.ts'
import { nameOf, type Readable, type ReadableLargeObjects, type ReadableTable } from './readable.ts'
import type { ReadItem, WorkItem } from './work-queue.ts'
import type { CopyItem, CountItem, ReadJob } from './worker-protocol.ts'

/** What a table costs beyond its bytes: a round trip or two. */
const tableWeight = 16 << 10
/** Counting skips the output functions, the detoasting and everything of ours. */
const countShare = 1 / 8

/**
 * Up to so many bytes on disk a table is read, and counted, by `COPY table TO`. To plan a query of it the server opens each
 * of its indexes, which takes longer than to read so little.
 */
const smallBytes = 128 << 10
/** Locks that a job takes for a table: where a query of it is planned, indexes are locked too. */
const plannedLocks = 4

function isRead({ table, ranges }: ReadableTable): 'small' | 'planned' {
  const isSmall = table.total_bytes <= smallBytes && ranges.length === 1
  return isSmall && !table.condition && table.columns.length > 0 ? 'small' : 'planned'
}

/** Whether it is read together with others, in one query of many. */
export const isTogether = (readable: Readable): boolean => readable.kind === 'table' && isRead(readable) === 'small'

/** Whether a range is to be read. */
export type Wanted = (readable: Readable, segment: number) => boolean

/**
 * The work of reading what is wanted, and of counting what is not counted yet; in groups that belong together. A small
 * table's count goes with its rows, under the same lock; a large one's is work of its own, for another worker at the
 * same time.
 */
export function workOf(readable: Readable, wanted: Wanted): WorkItem[][] {
  if (readable.ranges.length === 0) return []
  const all = readable.kind === 'table' ? tableItems(readable) : largeObjectItems(readable)
  const reads = all.filter(({ segment }) => wanted(readable, segment))
  const groups: WorkItem[][] = reads.length > 0 ? [reads] : []
  if (readable.change.counted !== null || readable.count !== undefined) return groups
  const weight = readable.kind === 'table' ? Math.round(sumOf(all) * countShare) : 1
  const count: WorkItem = { kind: 'count', of: readable, weight }
  return readable.kind === 'table' && all.length === 1 ? [[...reads, count]] : [...groups, [count]]
}

function tableItems(readable: ReadableTable): ReadItem[] {
  const { table, ranges } = readable
  const bytesPerBlock = table.total_bytes / Math.max(1, table.blocks)
  const locks = isRead(readable) === 'small' ? 1 : plannedLocks
  return ranges.map((range, segment) => {
    const weight = Math.round(range.blocks * bytesPerBlock) + (segment === 0 ? tableWeight : 0)
    return { kind: 'read', of: readable, segment, weight, locks }
  })
}

function largeObjectItems(readable: ReadableLargeObjects): ReadItem[] {
  const weight = Math.round(readable.totalBytes / readable.ranges.length) + 1
  return readable.ranges.map((_, segment) => ({ kind: 'read', of: readable, segment, weight }))
}

const sumOf = (items: readonly WorkItem[]): number => items.reduce((sum, { weight }) => sum + weight, 0)

/** A job, and what its results are of: `reads` as its copies, `counted` as its counts. */
export interface PlannedJob {
  job: ReadJob
  reads: ReadItem[]
  counted: Readable[]
}

/** The statements for these items: locks, COPYs, counts. */
export function planJob(items: readonly WorkItem[], encoding: string): PlannedJob {
  const tables = [...new Set(items.flatMap(({ of }) => (of.kind === 'table' ? [of] : [])))]
  const lockOf = new Map<Readable, number>(tables.map((table, position) => [table, position]))
  const reads = items.filter((item) => item.kind === 'read')
  const counted = items.filter((item) => item.kind === 'count').map(({ of }) => of)
  const job: ReadJob = {
    lock: tables.map(({ table }) => qualifiedName(table)),
    copies: reads.map((item) => ({ ...copyOf(item, encoding), lock: lockOf.get(item.of) ?? null })),
    counts: counted.map((readable) => ({ ...countOf(readable, encoding), lock: lockOf.get(readable) ?? null })),
  }
  return { job, reads, counted }
}

function copyOf({ of: readable, segment }: ReadItem, encoding: string): Omit<CopyItem, 'lock'> {
  const range = readable.ranges[segment]
  if (!range) throw new EngineError('INTERNAL', `${nameOf(readable)} has no range ${segment}.`)
  if (readable.kind === 'large-objects') return { sql: pagesSql(readable, range) }
  const { oid, schema, name } = readable.table
  const { start, end } = range
  if (isRead(readable) === 'small')
    return {
      sql: copyTableSql(readable.table, readable.table.columns, encoding),
      together: true,
      range: { oid, schema, name, start, end },
    }
  return { sql: copySegmentSql(readable.table, range, encoding), range: { oid, schema, name, start, end } }
}

function countOf(readable: Readable, encoding: string): Omit<CountItem, 'lock'> {
  if (readable.kind === 'large-objects') return { sql: `(${countSql(readable)})` }
  const { table } = readable
  if (isRead(readable) === 'small')
    return { sql: copyTableSql(table, table.columns.slice(0, 1), encoding), byCopy: true, together: true }
  if (table.unplannable && !table.condition)
    return { sql: copyTableSql(table, table.columns.slice(0, 1), encoding), byCopy: true }
  return { sql: `(${countSegmentSql(table, wholeRange(table.blocks))})` }
}
