import { EngineError } from '../errors.ts'
import { countsOf, nameOf, type Readable, segmentsOf } from './readable.ts'

export interface CountedTable {
  name: string
  /** Rows that COPY wrote, over all segments. */
  written: number
  /** `count(*)` of the whole table in the same snapshot, without any range: a gap between segments shows here. */
  counted: number | undefined
}

/**
 * Success is proven, not assumed: every table's written rows must equal the rows another query counted.
 * @throws EngineError `ROW_COUNT_MISMATCH` naming the tables that differ.
 */
export function checkRowCounts(tables: Iterable<CountedTable>): void {
  const wrong: CountedTable[] = []
  for (const table of tables) if (table.written !== table.counted) wrong.push(table)
  if (wrong.length === 0) return
  const named = wrong
    .slice(0, 5)
    .map(({ name, written, counted }) => `${name} (written ${written}, counted ${counted ?? 'never'})`)
  const more = wrong.length > named.length ? ` and ${wrong.length - named.length} more` : ''
  throw new EngineError('ROW_COUNT_MISMATCH', `Rows written are not the rows counted: ${named.join(', ')}${more}.`, {
    detail: { tables: wrong.slice(0, 100) },
  })
}

/**
 * What the backup holds of each table beside what was counted: the whole table, or, where change detection scanned it,
 * each segment.
 */
export function* rowCountsOf(readables: readonly Readable[]): Generator<CountedTable> {
  for (const readable of readables) {
    const segments = segmentsOf(readable)
    if (segments.length === 0) continue
    const name = nameOf(readable)
    const counts = countsOf(readable)
    if (counts && counts.length === segments.length && counts.length > 1)
      for (const [segment, { rows: written }] of segments.entries())
        yield { name: `${name}, segment ${segment + 1}`, written, counted: counts[segment] }
    else yield { name, written: segments.reduce((sum, segment) => sum + segment.rows, 0), counted: counts?.[0] }
  }
}
