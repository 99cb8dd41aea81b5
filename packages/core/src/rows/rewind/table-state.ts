import type { FingerprintedTable } from '../../backup/plan-tables.ts'
import { fingerprintTables } from '../../postgres/fingerprint.ts'
import { qualifiedName } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { earlierAgeSql, mayBeFresh } from '../../postgres/scan-segments.ts'

/**
 * Stands for the row versions of a table as one snapshot shows them: how many there are, and of those not provably older
 * than `xmin` also a sum over their places and ids. Taken twice with the same `xmin`, first under the snapshot that it is of
 * and later: where it is the same, so are the rows. Those older than `xmin` can only have become fewer, and the others are
 * told by the sum.
 */
export async function tableState(query: Query, table: FingerprintedTable, xmin: string): Promise<string> {
  const fresh = mayBeFresh('xmin')
  const [row] = await query<{ state: string }>(
    `${earlierAgeSql(xmin)} SELECT pg_catalog.concat_ws(' ', pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE ${fresh}),
       COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(ctid::pg_catalog.text || ' ' || xmin::pg_catalog.text, 0))
         FILTER (WHERE ${fresh}), 0)) AS state
     FROM ONLY ${qualifiedName(table)}`,
  )
  return row!.state
}

/** Tables that were rewritten, renamed or altered since they were listed; their names. */
export async function alteredTables(
  query: Query,
  tables: readonly FingerprintedTable[],
): Promise<FingerprintedTable[]> {
  const rows = await query<{ oid: string; schema: string; name: string; filenode: string | null }>(
    `SELECT c.oid::pg_catalog.int8::text AS oid, n.nspname::text AS schema, c.relname::text AS name,
       pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.int8::text AS filenode
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.oid = ANY ($1::pg_catalog.oid[])`,
    [tables.map(({ oid }) => String(oid))],
  )
  const now = new Map(rows.map((row) => [Number(row.oid), row]))
  const fingerprints = await fingerprintTables(query, tables)
  return tables.filter((table) => {
    const row = now.get(table.oid)
    return (
      row?.schema !== table.schema ||
      row.name !== table.name ||
      Number(row.filenode) !== table.relfilenode ||
      fingerprints.get(table.oid)?.fingerprint !== table.fingerprint
    )
  })
}
