import { qualifiedName, quoteLiteral } from './identifiers.ts'
import type { Query } from './query.ts'
import type { SegmentRange } from './segments.ts'

/** A table to look at, range by range. */
export interface ScanTable {
  oid: number
  schema: string
  name: string
  ranges: readonly SegmentRange[]
}

/** What one range holds under the present snapshot. */
export interface ScannedRange {
  rows: number
  /** Whether some row is not provably older than the earlier snapshot. */
  fresh: boolean
  /** How many such rows there are, where they were counted. */
  freshRows?: number
  /** Whether some row is of another table: the name does not mean what it meant when the table was locked. */
  foreign: boolean
}

/** By table, in the order given: its ranges; or the plan's node that is not a scan of just these blocks. */
export type ScanResult = ScannedRange[] | { unexpectedPlan: string }

/**
 * Counts, for each range of each table, the rows, and says whether one can have come since the snapshot whose xmin (an
 * xid8 as decimal text) is given. Nothing is printed and nothing is detoasted: the server reads the table's pages once.
 *
 * "May have come since": the age of a row's xmin is not above that of the earlier snapshot's xmin, both as of this
 * transaction's own now; ids that say nothing (frozen and bootstrap ones, age 2147483647) and ancient ones, whose age
 * has wrapped, count as fresh. So a row is never taken for older than it is.
 *
 * The plan is asked for first: only where every arm is a TID Range Scan of that very table is it run. A planner hook
 * that answers from elsewhere (columnar storage, distributed tables) shows there. The session must be inside a
 * transaction with the snapshot; it is left as it was, by a savepoint.
 */
export async function scanSegments(
  query: Query,
  tables: readonly ScanTable[],
  earlierXmin: string,
  options: { countFresh?: boolean } = {},
): Promise<ScanResult[]> {
  await query('SAVEPOINT scan')
  // A table of a few blocks would be read by a sequential scan: the same rows, but nothing the check could tell.
  await query('SET LOCAL enable_seqscan = off')
  const sql = scanSql(tables, earlierXmin, options)
  const [explained] = await query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
    `EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) ${sql}`,
  )
  const unexpected = unexpectedNode(explained!['QUERY PLAN'][0].Plan, tables)
  let results: ScanResult[]
  if (unexpected === null) {
    const rows = await query<{ arm: string; rows: string; fresh: boolean | string; foreign_row: boolean }>(sql)
    const byArm = new Map(rows.map((row) => [Number(row.arm), row]))
    let arm = 0
    results = tables.map(({ ranges }) =>
      ranges.map(() => {
        const row = byArm.get(arm++)!
        const counted = { rows: Number(row.rows), foreign: row.foreign_row }
        if (typeof row.fresh === 'boolean') return { ...counted, fresh: row.fresh }
        const freshRows = Number(row.fresh)
        return { ...counted, fresh: freshRows > 0, freshRows }
      }),
    )
  } else if (tables.length === 1) results = [{ unexpectedPlan: unexpected }]
  else {
    // One of them is different: each for itself.
    results = []
    for (const table of tables) results.push(...(await scanSegments(query, [table], earlierXmin, options)))
  }
  await query('ROLLBACK TO SAVEPOINT scan')
  await query('RELEASE SAVEPOINT scan')
  return results
}

/**
 * One statement for all ranges: a sub-select each, a hundred of which are as fast as one scan of the whole. The youngest
 * and the oldest row tell whether one is fresh, in four fifths of the time that it takes to ask each.
 */
export function scanSql(
  tables: readonly ScanTable[],
  earlierXmin: string,
  { countFresh = false }: { countFresh?: boolean } = {},
): string {
  let arm = 0
  const arms = tables.flatMap((table) =>
    table.ranges.map(({ start, end }) => {
      const upper = end === null ? '' : ` AND ctid < '(${end},0)'`
      const oid = `${table.oid}::pg_catalog.oid`
      return `SELECT ${arm++} AS arm, pg_catalog.count(*) AS rows,
         ${countFresh ? countOfFresh('xmin') : anyFresh('xmin')} AS fresh,
         (pg_catalog.min(tableoid) <> ${oid} OR pg_catalog.max(tableoid) <> ${oid}) IS TRUE AS foreign_row
       FROM ONLY ${qualifiedName(table)} WHERE ctid >= '(${start},0)'${upper}`
    }),
  )
  return `${earlierAgeSql(earlierXmin)} ${arms.join(' UNION ALL ')}`
}

/**
 * `WITH earlier ...`: the age of the earlier snapshot's xmin. Past 2^31 it is negative and would make every row look
 * older; then everything is fresh.
 */
export function earlierAgeSql(earlierXmin: string): string {
  const id = quoteLiteral(String(BigInt(earlierXmin) & 0xffff_ffffn))
  const age = `pg_catalog.age(${id}::pg_catalog.xid)`
  return `WITH earlier AS MATERIALIZED (SELECT CASE WHEN ${age} < 0 THEN 2147483647 ELSE ${age} END AS age)`
}

/** Condition on a row: not provably inserted before the snapshot of {@link earlierAgeSql}. */
export const mayBeFresh = (xmin: string): string => isNotOlder(ageOf(xmin), ageOf(xmin))

/** The same in itself, without {@link earlierAgeSql} before it. */
export const mayBeFreshSince = (xmin: string, earlierXmin: string): string =>
  mayBeFresh(xmin).replaceAll('(SELECT age FROM earlier)', `(${earlierAgeSql(earlierXmin)} SELECT age FROM earlier)`)

/** The same as an aggregate: whether it holds of any row. */
export const anyFresh = (xmin: string): string =>
  `(${isNotOlder(`pg_catalog.min(${ageOf(xmin)})`, `pg_catalog.max(${ageOf(xmin)})`)}) IS TRUE`

const countOfFresh = (xmin: string) => `(pg_catalog.count(*) FILTER (WHERE ${mayBeFresh(xmin)}))`

const ageOf = (xmin: string) => `pg_catalog.age(${xmin})`

/** Of the lowest and the highest age of some rows. Ids that say nothing have the highest there is. */
const isNotOlder = (lowest: string, highest: string) =>
  `${lowest} <= (SELECT age FROM earlier) OR ${highest} = 2147483647`

interface PlanNode {
  'Node Type': string
  'Relation Name'?: string
  Schema?: string
  Plans?: PlanNode[]
}

const harmless = new Set(['Append', 'Aggregate', 'CTE Scan', 'Result', 'Subquery Scan'])

/** `null` when the plan reads each arm's table by a TID Range Scan, in the arms' order, and does nothing else. */
function unexpectedNode(plan: PlanNode, tables: readonly ScanTable[]): string | null {
  const scans: PlanNode[] = []
  const strange: string[] = []
  const visit = (node: PlanNode) => {
    if (node['Node Type'] === 'Tid Range Scan') scans.push(node)
    else if (node['Relation Name'] !== undefined || !harmless.has(node['Node Type'])) strange.push(node['Node Type'])
    for (const child of node.Plans ?? []) visit(child)
  }
  visit(plan)
  if (strange.length > 0) return strange[0]!
  const expected = tables.flatMap(({ schema, name, ranges }) => ranges.map(() => JSON.stringify([schema, name])))
  const seen = scans.map((node) => JSON.stringify([node.Schema, node['Relation Name']]))
  return seen.length === expected.length && seen.every((scan, i) => scan === expected[i]) ? null : 'another plan'
}
