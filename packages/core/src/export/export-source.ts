import type { LargeObject } from '../postgres/archive/large-object-entries.ts'

/**
 * A backup's contents as an export reads them. What is iterated may be iterated several times and is the same each
 * time; nothing is held in memory that grows with the rows.
 */
export interface ExportSource {
  createdAt: Date
  /** The schema archive: `pg_dump -Fc --schema-only`. */
  schema: Uint8Array
  /** Tables whose rows are in the backup, in the order their rows are to appear in. */
  tables(): AsyncIterable<ExportTable>
  sequences(): AsyncIterable<ExportSequence>
  /** Materialized views that held rows; null: all. */
  populatedViews: readonly { schema: string; name: string }[] | null
  /** By ascending oid. */
  largeObjects(): AsyncIterable<LargeObject>
  /** COPY text of (loid, pageno, data), by ascending oid and page, in pieces cut anywhere. */
  largeObjectPages(): AsyncIterable<Uint8Array>
  /** Bytes of a full page of a large object: a quarter of the server's block size. */
  largeObjectPageBytes: number
}

export interface ExportTable {
  oid: number
  schema: string
  name: string
  /** In COPY order, without generated and dropped ones. */
  columns: string[]
  /** The partitioned root the rows have to be loaded through, if they have to. */
  load_via?: { schema: string; name: string } | null
  /** Of all rows, where it is known before they are read. */
  bytes?: number
  /** COPY text, in pieces cut anywhere; where `bytes` is known, from a byte on if one is given. */
  rows(from?: number): AsyncIterable<Uint8Array>
}

export interface ExportSequence {
  schema: string
  name: string
  last_value: string
  is_called: boolean
}
