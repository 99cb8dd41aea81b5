import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import {
  danglingRows,
  danglingText,
  type ForeignKey,
  fromRelation,
  type Relation,
  readForeignKeys,
  rememberRemovedKeys,
  removedKeys,
} from '../rewind/foreign-keys.ts'
import type { RewindRefusal } from '../rewind/rewind-plan.ts'
import { type ChoosingTable, putTable, takeTable } from './chosen-tables.ts'

/**
 * Whether what was chosen is closed: with it, each row has the rows that it points to. Looked at before anything is locked
 * or changed, by the rows as they would be; names the keys that would lead nowhere.
 */
export async function closureRefusals(query: Query, tables: readonly ChoosingTable[]): Promise<RewindRefusal[]> {
  const patched = new Map(tables.map((table) => [table.oid, table]))
  const keys = await readForeignKeys(query, [...patched.keys()])
  const refusals: RewindRefusal[] = []
  for (const [number, key] of keys.entries()) {
    // Rows that were there before it was made may point nowhere.
    if (!key.validated || !inLines(key, patched)) continue
    const taken = leavesIn(key.parent, patched).map((table) => ({ table, places: takeTable(table.number) }))
    if (taken.length > 0) await rememberRemovedKeys(query, key, number, taken)
    const dangling = await danglingRows(
      query,
      key,
      {
        putBack: leavesIn(key.child, patched).map((table) => putTable(table.number)),
        removed: taken.length > 0 ? removedKeys(number) : null,
      },
      (relation, columns) => rowsAfter(relation, columns, patched),
    )
    if (dangling.length > 0) refusals.push({ code: 'SUBSET_NOT_CLOSED', text: danglingText(key, dangling) })
  }
  return refusals
}

const leavesIn = ({ leaves }: Relation, patched: ReadonlyMap<number, ChoosingTable>): ChoosingTable[] =>
  leaves.flatMap((leaf) => patched.get(leaf) ?? [])

/** Generated columns are in no line: their keys are looked at when the rows are in the table. */
function inLines({ child, columns, parent, referenced }: ForeignKey, patched: ReadonlyMap<number, ChoosingTable>) {
  const has = (relation: Relation, wanted: readonly string[]) =>
    leavesIn(relation, patched).every((table) => wanted.every((column) => table.columns.includes(column)))
  return has(child, columns) && has(parent, referenced)
}

/** The rows of a table as they would be once the patch is applied. */
export function rowsAfter(
  relation: Relation,
  columns: readonly string[],
  patched: ReadonlyMap<number, ChoosingTable>,
): string {
  const tables = leavesIn(relation, patched)
  if (tables.length === 0) return fromRelation(relation)
  const list = columns.map(quoteIdentifier).join(', ')
  // Those that are no part of the patch are as they are.
  const places = relation.partitioned ? 'tableoid' : null
  const kept = tables.map(
    ({ oid, number }) =>
      `NOT EXISTS (SELECT FROM ${takeTable(number)} f WHERE f.place = t.ctid${places ? ` AND t.${places} = ${oid}` : ''})`,
  )
  const put = tables.map(({ number }) => `SELECT ${list} FROM ${putTable(number)}`)
  return `(SELECT ${list} FROM ${relation.partitioned ? '' : 'ONLY '}${qualifiedName(relation)} t WHERE ${kept.join(' AND ')}
    UNION ALL ${put.join(' UNION ALL ')})`
}
