import { EngineError } from '../errors.ts'

export interface ListOrder {
  /** Text that must occur in one of the fields. */
  search?: string | undefined
  /** A field, with `-` before it for descending. */
  sort?: string | undefined
}

/** Searches and sorts. `INVALID` for a field that cannot be sorted by. Pure. */
export function sortAndSearch<Row extends object>(
  rows: readonly Row[],
  { search, sort }: ListOrder,
  fields: { searchable: readonly (keyof Row & string)[]; sortable: readonly (keyof Row & string)[] },
): Row[] {
  const found = search ? rows.filter((row) => matches(row, search, fields.searchable)) : [...rows]
  return sort ? sortBy(found, sort, fields.sortable) : found
}

function matches<Row extends object>(row: Row, search: string, fields: readonly (keyof Row & string)[]): boolean {
  const wanted = search.toLowerCase()
  return fields.some((field) => {
    const value: unknown = row[field]
    const text = typeof value === 'object' ? JSON.stringify(value ?? '') : String(value)
    return text.toLowerCase().includes(wanted)
  })
}

function sortBy<Row extends object>(rows: Row[], sort: string, sortable: readonly (keyof Row & string)[]): Row[] {
  const descending = sort.startsWith('-')
  const field = sortable.find((name) => name === sort.replace(/^-/, ''))
  if (field === undefined)
    throw new EngineError('INVALID', `It can be sorted by ${sortable.join(', ')}.`, {
      detail: { errors: [{ path: 'sort', message: 'not a field to sort by' }] },
    })
  const isKnown = (row: Row) => row[field] !== null && row[field] !== undefined
  const sign = descending ? -1 : 1
  // What is not known comes last, whichever way.
  const known = rows.filter(isKnown).sort((a, b) => sign * compare(a[field], b[field]))
  return [...known, ...rows.filter((row) => !isKnown(row))]
}

/** Numbers as numbers, all else as texts in the order of their code points. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [String(a), String(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
