import type { ColumnSchema, TableSchema } from './table-schema.ts'

/** How much is in a table. */
export interface TableSize {
  rows: number | null
  /** False where the rows are estimated by the server's statistics. */
  exact: boolean
  /** Of its rows as COPY writes them; null of a live database. */
  bytes: number | null
  /** Of its main file. Only a sign: a table keeps the room of rows that were deleted until it is vacuumed. */
  disk_bytes: number
}

/** One side of a table in a comparison: what defines it, where that is known, and what is in it, where it has rows. */
export interface ComparedTable {
  /** `schema.table`. */
  table: string
  definition: TableSchema | null
  size: TableSize | null
}

export interface ColumnChange {
  name: string
  /** As SQL writes them: `integer NOT NULL DEFAULT 0`. */
  before: string
  after: string
}

export interface TableDifference {
  table: string
  /** Of the definition: `same` also where it is not known on one side. */
  schema: 'same' | 'added' | 'removed' | 'changed'
  columns: {
    added: { name: string; definition: string }[]
    removed: { name: string; definition: string }[]
    changed: ColumnChange[]
  }
  before: TableSize | null
  after: TableSize | null
}

/** The tables of two sides, by name; every table of either is there once. Pure. */
export function compareTables(before: readonly ComparedTable[], after: readonly ComparedTable[]): TableDifference[] {
  const [left, right] = [byName(before), byName(after)]
  const names = [...new Set([...left.keys(), ...right.keys()])].sort()
  return names.map((table) => {
    const [a, b] = [left.get(table), right.get(table)]
    const columns = compareColumns(a?.definition?.columns ?? null, b?.definition?.columns ?? null)
    const changes = columns.added.length + columns.removed.length + columns.changed.length
    const schema = !a ? 'added' : !b ? 'removed' : changes > 0 ? 'changed' : 'same'
    return { table, schema, columns, before: a?.size ?? null, after: b?.size ?? null }
  })
}

const byName = (tables: readonly ComparedTable[]) => new Map(tables.map((one) => [one.table, one]))

function compareColumns(
  before: readonly ColumnSchema[] | null,
  after: readonly ColumnSchema[] | null,
): TableDifference['columns'] {
  if (before === null || after === null) return { added: [], removed: [], changed: [] }
  const [left, right] = [new Map(before.map((one) => [one.name, one])), new Map(after.map((one) => [one.name, one]))]
  const told = (one: ColumnSchema) => ({ name: one.name, definition: describeColumn(one) })
  return {
    added: after.filter(({ name }) => !left.has(name)).map(told),
    removed: before.filter(({ name }) => !right.has(name)).map(told),
    changed: before.flatMap((one) => {
      const other = right.get(one.name)
      return other && differs(one, other)
        ? [{ name: one.name, before: describeColumn(one), after: describeColumn(other) }]
        : []
    }),
  }
}

const differs = (a: ColumnSchema, b: ColumnSchema) =>
  a.type !== b.type ||
  a.default !== b.default ||
  a.generated !== b.generated ||
  (a.nullable !== null && b.nullable !== null && a.nullable !== b.nullable)

function describeColumn({ type, nullable, default: value, generated }: ColumnSchema): string {
  const computed = value === null ? '' : generated ? ` GENERATED ALWAYS AS (${value})` : ` DEFAULT ${value}`
  return `${type}${computed}${nullable === false ? ' NOT NULL' : ''}`
}
