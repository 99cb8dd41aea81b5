import type { Query } from '../postgres/query.ts'
import { findLedger, type LedgerTable, quoteColumns } from './ledger-table.ts'

/**
 * Deletes the row of a migration from its tool's table: for a down step that is run without the tool. `namesOf` gives the
 * values of the column that stand for an id.
 */
export function forgetRow(
  ledger: LedgerTable,
  column: string,
  namesOf: (id: string) => readonly string[] = (id) => [id],
): (query: Query, id: string) => Promise<void> {
  return async (query, id) => {
    const table = await findLedger(query, ledger)
    if (table === null) return
    const [quoted] = await quoteColumns(query, [column])
    await query(`DELETE FROM ${table} WHERE ${quoted}::pg_catalog.text = ANY ($1::pg_catalog.text[])`, [namesOf(id)])
  }
}
