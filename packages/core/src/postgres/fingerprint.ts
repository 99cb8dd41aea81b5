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
  tables: readonly FingerprintedTable[],
): Promise<Map<number, TableFingerprint>> {
  const types: KnownTypes = { graph: new Map(), closures: new Map() }
  const result = new Map<number, TableFingerprint>()
  for (let start = 0; start < tables.length; start += batch) {
    const some = tables.slice(start, start + batch)
    const columns = await readColumns(query, some)
    await learnTypes(query, types, columns)
    const byTable = Map.groupBy(columns, (column) => column.table)
    for (const table of some) result.set(table.oid, fingerprintOf(table, byTable.get(String(table.oid)) ?? [], types))
  }
  return result
}

/** Tables whose columns are asked for at a time. */
const batch = 1000

interface FingerprintedTable {
  oid: number
  condition?: string | null
  access_method?: string | null
}

/** What was learnt of types so far, and what each one reaches. */
interface KnownTypes {
  graph: Map<string, TypeNode>
  closures: Map<string, TypeNode[]>
}

function readColumns(query: Query, tables: readonly FingerprintedTable[]): Promise<ColumnRow[]> {
  return query<ColumnRow>(
    `SELECT a.attrelid::pg_catalog.int8::text AS "table", a.atttypid::pg_catalog.int8::text AS type,
       pg_catalog.concat_ws(E'\\x1f', a.attnum, a.attname, a.atttypid, a.atttypmod, a.attlen, a.attalign, a.attcollation,
         a.atthasmissing, CASE WHEN a.atthasmissing THEN a.attmissingval::text END) AS facts
     FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = ANY ($1::pg_catalog.oid[]) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
     ORDER BY a.attrelid, a.attnum`,
    [tables.map(({ oid }) => String(oid))],
  )
}

async function learnTypes(query: Query, { graph }: KnownTypes, columns: readonly ColumnRow[]): Promise<void> {
  const unknown = new Set(columns.map(({ type }) => type).filter((type) => !graph.has(type)))
  if (unknown.size === 0) return
  for (const [oid, node] of await readTypeGraph(query, [...unknown])) graph.set(oid, node)
}

function fingerprintOf(
  { condition = null, access_method = null }: FingerprintedTable,
  columns: readonly ColumnRow[],
  { graph, closures }: KnownTypes,
): TableFingerprint {
  const types = new Map<string, TypeNode>()
  for (const { type } of columns) {
    const closure = closures.get(type) ?? reachable(graph, type)
    closures.set(type, closure)
    for (const node of closure) types.set(node.oid, node)
  }
  const hash = createHash('sha256')
  const nodes = [...types.values()].sort((a, b) => Number(a.oid) - Number(b.oid))
  hash.update(
    JSON.stringify([access_method, condition, columns.map(({ facts }) => facts), nodes.map((n) => [n.oid, n.facts])]),
  )
  return {
    fingerprint: hash.digest('hex'),
    comparable: access_method === 'heap' && condition === null && nodes.every((node) => node.comparable),
  }
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
    // A type that was dropped since it was listed: unknown, so nothing can be compared.
    const node = graph.get(oid) ?? { oid, facts: '', parts: [], comparable: false }
    seen.set(oid, node)
    open.push(...node.parts)
  }
  return [...seen.values()]
}
