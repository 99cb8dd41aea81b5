import { createHash } from 'node:crypto'
import type { Query } from './query.ts'
import { readTypeGraph, type TypeNode } from './type-graph.ts'

/** What a table's rows look like as text depends on this and on the rows. */
export interface TableFingerprint {
  /** SHA-256 in hex. */
  fingerprint: string
  /** `false`: the text also depends on other rows or on code we do not know, so equal rows prove nothing. */
  comparable: boolean
}

/**
 * Fingerprints of tables, by oid: columns as they are selected (position, name, type, the value that stands in for
 * rows older than the column), access method, and every type that can be reached from them. Where a backup's rows and
 * an earlier one's are compared, this must be equal before the first and after the last COPY.
 *
 * Adding a label to an enum changes it too: a reading too many, never one too few.
 */
export async function fingerprintTables(
  query: Query,
  tables: readonly { oid: number; condition?: string | null; access_method?: string | null }[],
): Promise<Map<number, TableFingerprint>> {
  const oids = tables.map(({ oid }) => String(oid))
  const columns = await query<ColumnRow>(
    `SELECT a.attrelid::pg_catalog.int8::text AS "table", a.atttypid::pg_catalog.int8::text AS type,
       pg_catalog.concat_ws(E'\\x1f', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attlen, a.attalign, a.attcollation,
         a.atthasmissing, CASE WHEN a.atthasmissing THEN a.attmissingval::text END) AS facts
     FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = ANY ($1::pg_catalog.oid[]) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     ORDER BY a.attrelid, a.attnum`,
    [oids],
  )
  const graph = await readTypeGraph(query, [...new Set(columns.map(({ type }) => type))])
  const byTable = Map.groupBy(columns, (column) => column.table)
  const closures = new Map<string, TypeNode[]>()

  const result = new Map<number, TableFingerprint>()
  for (const { oid, condition = null, access_method = null } of tables) {
    const own = byTable.get(String(oid)) ?? []
    const types = new Map<string, TypeNode>()
    for (const { type } of own) {
      const closure = closures.get(type) ?? reachable(graph, type)
      closures.set(type, closure)
      for (const node of closure) types.set(node.oid, node)
    }
    const hash = createHash('sha256')
    const nodes = [...types.values()].sort((a, b) => Number(a.oid) - Number(b.oid))
    hash.update(
      JSON.stringify([access_method, condition, own.map(({ facts }) => facts), nodes.map((n) => [n.oid, n.facts])]),
    )
    result.set(oid, {
      fingerprint: hash.digest('hex'),
      comparable: access_method === 'heap' && condition === null && nodes.every((node) => node.comparable),
    })
  }
  return result
}

interface ColumnRow {
  table: string
  type: string
  facts: string
}

function reachable(graph: Map<string, TypeNode>, from: string): TypeNode[] {
  const seen = new Map<string, TypeNode>()
  const open = [from]
  for (let oid = open.pop(); oid !== undefined; oid = open.pop()) {
    if (seen.has(oid)) continue
    // A type that has vanished meanwhile: unknown, so nothing can be compared.
    const node = graph.get(oid) ?? { oid, facts: '', parts: [], comparable: false }
    seen.set(oid, node)
    open.push(...node.parts)
  }
  return [...seen.values()]
}
