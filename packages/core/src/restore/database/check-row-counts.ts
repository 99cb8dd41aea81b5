import { EngineError, isEngineError } from '../../errors.ts'
import { qualifiedName } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import type { TableRecord } from '../../repository/documents/documents.ts'
import { tableBatches } from './table-batches.ts'

const mostAtATime = 50

/**
 * Counts the rows of every table in the restored database, over several sessions, and compares them with the backup's
 * own count. Partitions that were loaded through their root are counted together, in the database and in the backup:
 * rows may have moved between them. A table that no query can be planned for is handed to `onUncounted`: what COPY
 * loaded was as many as the backup has. Throws `ROW_COUNT_MISMATCH` naming the tables that differ.
 */
export async function countRows(
  queries: readonly Query[],
  tables: readonly TableRecord[],
  onUncounted: (table: TableRecord, error: unknown) => void = (_table, error) => {
    throw error
  },
): Promise<void> {
  const wrong: string[] = []
  const together = new Map<string, { counted: number; expected: number }>()
  const compare = (table: TableRecord, counted: number) => {
    const expected = table.rows_excluded ? 0 : table.rows
    if (table.load_via) {
      const root = qualifiedName(table.load_via)
      const sum = together.get(root) ?? { counted: 0, expected: 0 }
      together.set(root, { counted: sum.counted + counted, expected: sum.expected + expected })
    } else if (counted !== expected) {
      wrong.push(`${table.schema}.${table.name} has ${counted} rows, not ${expected}`)
    }
  }
  const queue = tableBatches(tables, { sessions: queries.length, most: mostAtATime })
  const count = async (query: Query) => {
    for (let some = queue.shift(); some; some = queue.shift()) {
      const counts = some.map(
        (table, position) =>
          `SELECT ${position} AS position, pg_catalog.count(*)::text AS rows FROM ONLY ${qualifiedName(table)} ${table.condition ?? ''}`,
      )
      const rows = await query<{ position: number; rows: string }>(counts.join(' UNION ALL ')).catch(
        (error: unknown) => {
          if (!cannotBePlanned(error)) throw error
          const [table] = some as [TableRecord]
          if (some.length > 1) queue.push(...some.map((one) => [one]))
          else {
            onUncounted(table, error)
            compare(table, table.rows_excluded ? 0 : table.rows)
          }
          return []
        },
      )
      for (const { position, rows: counted } of rows) compare(some[position] as TableRecord, Number(counted))
    }
  }
  await Promise.all(queries.map(count))
  for (const [root, { counted, expected }] of together) {
    if (counted !== expected) wrong.push(`${root} has ${counted} rows, not ${expected}`)
  }
  if (wrong.length === 0) return
  throw new EngineError(
    'ROW_COUNT_MISMATCH',
    `The restored database differs from the backup: ${wrong.slice(0, 5).join('; ')}.`,
    {
      detail: { tables: wrong },
    },
  )
}

/** Names that do not resolve, or an exception of a function: classes 42 and 3F, P0. */
function cannotBePlanned(error: unknown): boolean {
  const { sqlstate } = isEngineError(error) ? error.detail : {}
  return typeof sqlstate === 'string' && /^(42|3F|P0)/.test(sqlstate) && sqlstate !== '42501'
}

export async function countLargeObjects(query: Query): Promise<number> {
  const [row] = await query<{ count: string }>(
    'SELECT pg_catalog.count(*) AS count FROM pg_catalog.pg_largeobject_metadata',
  )
  return Number(row?.count ?? 0)
}
