import { qualifiedName, quoteIdentifier } from '../postgres/identifiers.ts'
import type { Query } from '../postgres/query.ts'

/** Where a COPY failed. */
export interface CopiedRange {
  oid: number
  schema: string
  name: string
  start: number
  end: number | null
}

/**
 * The row of a range that is longest as text, for the error that says why COPY could not write it: its place (ctid)
 * and, where there is one, its primary key. Lengths of `bytea` and text are known without reading the values.
 */
export async function findLargestRow(query: Query, range: CopiedRange): Promise<string | null> {
  const columns = await query<{ name: string; type: string; key: boolean }>(
    `SELECT a.attname AS name, a.atttypid::pg_catalog.regtype::text AS type,
       EXISTS (SELECT FROM pg_catalog.pg_index i
               WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)) AS key
     FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     ORDER BY a.attnum`,
    [range.oid],
  )
  if (columns.length === 0) return null
  const lengths = columns.map(({ name, type }) => `coalesce(${textLength(quoteIdentifier(name), type)}, 0)`)
  const key = columns.filter((column) => column.key).slice(0, 4)
  const keyTexts = key.map(({ name }) => `pg_catalog.left(${quoteIdentifier(name)}::text, 100)`)
  const upper = range.end === null ? '' : ` AND ctid < '(${range.end},0)'`
  const [row] = await query<{ place: string; key: (string | null)[] }>(
    `SELECT ctid::text AS place, ARRAY[${keyTexts.join(', ')}]::text[] AS key
     FROM ONLY ${qualifiedName(range)} WHERE ctid >= '(${range.start},0)'${upper}
     ORDER BY ${lengths.join(' + ')} DESC LIMIT 1`,
  )
  if (!row) return null
  const parts = key.map(({ name }, index) => `${name} = ${row.key[index]}`)
  return [`ctid ${row.place}`, ...parts].join(', ')
}

function textLength(column: string, type: string): string {
  if (type === 'bytea') return `2 * pg_catalog.octet_length(${column})::bigint`
  if (['text', 'character varying', 'character'].includes(type)) return `pg_catalog.octet_length(${column})::bigint`
  return `pg_catalog.pg_column_size(${column})::bigint`
}
