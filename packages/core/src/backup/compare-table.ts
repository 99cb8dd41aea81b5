import type { TableFingerprint } from '../postgres/fingerprint.ts'
import type { SegmentRange } from '../postgres/segments.ts'
import type { SourceTable } from '../postgres/tables.ts'
import type { Segment, TableRecord } from '../repository/documents/documents.ts'

/**
 * Why nothing of a table can be taken over from the base, for people; `null` when its segments can be compared. Pure.
 * Each line is a way in which equal row versions could be other text, or lie elsewhere (INCREMENTAL: what voids a table).
 */
export function voidedTable(base: TableRecord | undefined, now: SourceTable & TableFingerprint): string | null {
  if (now.rows_excluded) return 'rows left out'
  if (base === undefined) return 'new table'
  if (base.rows_excluded) return 'its rows were left out before'
  if (now.access_method !== 'heap') return `access method ${now.access_method ?? 'unknown'}`
  if (now.condition !== null || base.condition !== null) return 'read under a condition'
  if (now.unplannable) return `read by COPY alone: ${now.unplannable}`
  if (!now.comparable || !base.comparable) return 'a column prints what other rows or unknown code say'
  if (base.access_method !== now.access_method) return 'access method changed'
  if (base.relfilenode !== now.relfilenode) return 'relfilenode changed'
  if (base.fingerprint !== now.fingerprint) return 'columns or types changed'
  return null
}

/**
 * The segment of the base that a range can be compared with: one that begins at the same block and ends there too, or
 * was open. Old rows found in the range lay in that segment then, so if they are as many as it had, they are the same.
 * The other way round (bounded then, open now) rows from behind its end could make up the number.
 */
export function comparableSegment(base: ReadonlyMap<number, Segment>, range: SegmentRange): Segment | undefined {
  const segment = base.get(range.start)
  if (segment === undefined) return undefined
  return segment.end === null || segment.end === range.end ? segment : undefined
}
