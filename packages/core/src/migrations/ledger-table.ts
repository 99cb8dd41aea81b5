import type { Query } from '../postgres/query.ts'

export interface LedgerTable {
  schema: string
  table: string
}

/**
 * The ledger's name as it goes into SQL, or `null` where the table is not there. PostgreSQL itself does the quoting,
 * and is asked before the table is named, since an error would end the transaction that holds the exported snapshot.
 */
export async function findLedger(query: Query, { schema, table }: LedgerTable): Promise<string | null> {
  const [row] = await query<{ name: string; present: boolean }>(
    `SELECT format('%I.%I', $1::text, $2::text) AS name,
            pg_catalog.to_regclass(format('%I.%I', $1::text, $2::text)) IS NOT NULL AS present`,
    [schema, table],
  )
  return row?.present ? row.name : null
}

/** Column names quoted by PostgreSQL, in the order given. */
export async function quoteColumns(query: Query, columns: readonly string[]): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT quote_ident(name) AS name FROM unnest($1::text[]) WITH ORDINALITY AS c(name, position) ORDER BY position`,
    [columns],
  )
  return rows.map(({ name }) => name)
}
