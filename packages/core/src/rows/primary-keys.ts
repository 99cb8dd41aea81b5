import type { Query } from '../postgres/query.ts'

/** Columns of the primary keys of tables, by oid; tables without one are absent. */
export async function readPrimaryKeys(query: Query, oids: readonly number[]): Promise<Map<number, string[]>> {
  const rows = await query<{ oid: string; columns: string[] }>(
    `SELECT i.indrelid::pg_catalog.int8::text AS oid,
       (SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.position)
        FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k(attnum, position)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE k.position <= i.indnkeyatts) AS columns
     FROM pg_catalog.pg_index i
     WHERE i.indisprimary AND i.indrelid = ANY ($1::pg_catalog.oid[])`,
    [oids.map(String)],
  )
  return new Map(rows.map(({ oid, columns }) => [Number(oid), columns]))
}

/** Where the key's columns lie among those of a line; `null` where there is no key, or one of them is not in the line. */
export function keyPositions(key: readonly string[] | undefined, columns: readonly string[]): number[] | null {
  if (!key) return null
  const positions = key.map((column) => columns.indexOf(column))
  return positions.includes(-1) ? null : positions
}
