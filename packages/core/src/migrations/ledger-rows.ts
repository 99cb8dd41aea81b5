import type { Query } from '../postgres/query.ts'
import { findLedger, type LedgerTable, quoteColumns } from './ledger-table.ts'

/** One row of a ledger: its columns as text. A column the ledger does not have is null. */
export type LedgerRow<Column extends string> = Record<Column, string | null>

export interface LedgerColumns<Column extends string> {
  /** Columns that make it this tool's ledger; one that is missing is an error. */
  columns: readonly Column[]
  /** Columns that some versions have. */
  optional?: readonly Column[]
  /** What the rows are in order of. */
  order: readonly Column[]
}

/**
 * The rows of a tool's own table, read by our SQL; null where there is no such table. Never reads by way of the tool:
 * most create their table when they are asked what is in it.
 */
export async function readLedgerRows<Column extends string>(
  query: Query,
  table: LedgerTable,
  { columns, optional = [], order }: LedgerColumns<Column>,
): Promise<LedgerRow<Column>[] | null> {
  const ledger = await findLedger(query, table)
  if (ledger === null) return null
  const present = await columnsOf(query, ledger)
  const lacking = columns.filter((column) => !present.has(column))
  if (lacking.length > 0) throw new Error(`${ledger} is another kind of table: it has no column ${lacking.join(', ')}`)
  const wanted = [...columns, ...optional].filter((column) => present.has(column))
  const quoted = await quoteColumns(query, [...wanted, ...order])
  const rows = await query<Record<string, string | null>>(
    `SELECT ${wanted.map((_, index) => `${quoted[index]}::text AS c${index}`).join(', ')}
     FROM ${ledger} ORDER BY ${quoted.slice(wanted.length).join(', ')}`,
  )
  return rows.map(
    (row) =>
      Object.fromEntries([
        ...optional.map((column) => [column, null]),
        ...wanted.map((column, index) => [column, row[`c${index}`] ?? null]),
      ]) as LedgerRow<Column>,
  )
}

async function columnsOf(query: Query, ledger: string): Promise<Set<string>> {
  const rows = await query<{ name: string }>(
    `SELECT attname::text AS name FROM pg_catalog.pg_attribute
     WHERE attrelid = $1::text::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped`,
    [ledger],
  )
  return new Set(rows.map(({ name }) => name))
}

/** Whether any ordinary table lies in a schema, besides those named. */
export async function hasTables(query: Query, schema: string, besides: readonly string[]): Promise<boolean> {
  const [row] = await query<{ found: boolean }>(
    `SELECT EXISTS (
       SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND c.relname <> ALL ($2::text[])
     ) AS found`,
    [schema, besides],
  )
  return row?.found ?? false
}
