import type { TableRecord } from '../../repository/documents/documents.ts'

/**
 * Cuts tables into batches that some sessions take one after the other: the largest come first and alone, the small ones
 * `most` at a time, so that all sessions have something to do until the end. Pure.
 */
export function tableBatches<T extends Pick<TableRecord, 'bytes'>>(
  tables: readonly T[],
  { sessions, most }: { sessions: number; most: number },
): T[][] {
  const share = tables.reduce((sum, { bytes }) => sum + bytes, 0) / (4 * sessions)
  const count = Math.max(1, Math.min(most, Math.ceil(tables.length / sessions)))
  const batches: T[][] = []
  let open = { tables: [] as T[], bytes: 0 }
  for (const table of tables.toSorted((a, b) => b.bytes - a.bytes)) {
    open.tables.push(table)
    open.bytes += table.bytes
    const isSmall = share === 0 || open.bytes < share
    if (isSmall && open.tables.length < count) continue
    batches.push(open.tables)
    open = { tables: [], bytes: 0 }
  }
  if (open.tables.length > 0) batches.push(open.tables)
  return batches
}
