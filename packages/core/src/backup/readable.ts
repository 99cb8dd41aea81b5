import { EngineError } from '../errors.ts'
import type { Segment } from '../repository/documents/documents.ts'
import type { LargeObjectPlan } from './large-objects.ts'
import type { FingerprintedTable, PlannedTable } from './plan-tables.ts'
import type { StoredStream } from './worker-protocol.ts'

/** What is known of rows before any of them are read out, by range. */
export interface RowChange {
  /** What the base has of a range, where it is unchanged. */
  takenOver: (Segment | undefined)[]
  /** Rows under the present snapshot, where they were scanned; checks the count of what is read again. */
  counted: number[] | null
  /** Rows that came since the base, counted or estimated; undefined where that is not known. */
  freshRows?: number | undefined
  /** Why nothing is taken over; `null` where ranges were compared. */
  voided: string | null
  /**
   * What shows that the ranges taken over are unchanged; default `scan`. With `idle` they were not counted under the
   * present snapshot: `counted` is what the base counted under its own.
   */
  proof?: 'scan' | 'idle'
}

/** A range that was read: its rows, and the chunks of their text. */
export interface ReadSegment extends StoredStream {
  rows: number
}

/** What reading has found so far. */
interface Reading {
  change: RowChange
  /** By range: what was read out. Ranges that are taken over have nothing here, but for those of the sample. */
  read: ReadSegment[]
  /** Rows of all ranges, by a query of its own; undefined where the change detection has counted them. */
  count: number | undefined
}

/** Something whose rows are read in ranges: a table, or all large objects of the database. */
export type Readable = ReadableTable | ReadableLargeObjects

export interface ReadableTable extends PlannedTable<FingerprintedTable>, Reading {
  kind: 'table'
}

/** Its rows are pages, its ranges are of oids. */
export interface ReadableLargeObjects extends LargeObjectPlan, Reading {
  kind: 'large-objects'
}

export function readableTable(planned: PlannedTable<FingerprintedTable>, change: RowChange): ReadableTable {
  return { kind: 'table', ...planned, change, read: [], count: undefined }
}

export function readableLargeObjects(plan: LargeObjectPlan, change: RowChange): ReadableLargeObjects {
  return { kind: 'large-objects', ...plan, change, read: [], count: undefined }
}

/** Nothing is taken over. */
export function changedWhole(ranges: readonly unknown[], reason: string): RowChange {
  return { takenOver: ranges.map(() => undefined), counted: null, voided: reason }
}

/** For messages. */
export function nameOf(readable: Readable): string {
  return readable.kind === 'table' ? `${readable.table.schema}.${readable.table.name}` : 'large objects'
}

/** All ranges as the backup has them: taken over, or read. Whole once everything is read. */
export function segmentsOf(readable: Readable): ReadSegment[] {
  const { change, read } = readable
  return change.takenOver.map((before, range) => {
    const now = before ? { rows: before.rows, bytes: before.bytes, ids: before.chunks } : read[range]
    if (!now) throw new EngineError('INTERNAL', `Range ${range} of ${nameOf(readable)} was not read.`)
    return now
  })
}

/** Rows that another query counted: by range where it was scanned, else one number for all. */
export function countsOf({ change, count }: Readable): number[] | undefined {
  return change.counted ?? (count === undefined ? undefined : [count])
}

export function segmentsRead({ read }: Readable): number {
  return read.filter((segment) => segment !== undefined).length
}
