import { EngineError } from '../errors.ts'

export interface CountedTable {
  name: string
  /** Rows that COPY wrote, over all segments. */
  written: number
  /** `count(*)` of the whole table in the same snapshot, without any range: a gap between segments shows here. */
  counted: number | undefined
}

/**
 * Success is proven, not assumed: every table's written rows must equal the rows another query counted.
 * @throws EngineError `CENSUS_MISMATCH` naming the tables that differ.
 */
export function checkCensus(tables: Iterable<CountedTable>): void {
  const wrong: CountedTable[] = []
  for (const table of tables) if (table.written !== table.counted) wrong.push(table)
  if (wrong.length === 0) return
  const named = wrong
    .slice(0, 5)
    .map(({ name, written, counted }) => `${name} (written ${written}, counted ${counted ?? 'never'})`)
  const more = wrong.length > named.length ? ` and ${wrong.length - named.length} more` : ''
  throw new EngineError('CENSUS_MISMATCH', `Rows written are not the rows counted: ${named.join(', ')}${more}.`, {
    detail: { tables: wrong.slice(0, 100) },
  })
}
