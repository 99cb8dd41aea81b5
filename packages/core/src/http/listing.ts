import { z } from 'zod'
import { HttpProblem } from './problem.ts'

/** Query of every list: pages, order, and search over its texts. */
export const listQuery = z.object({
  search: z.string().max(200).optional(),
  /** A field, with `-` before it for descending. */
  sort: z.string().max(100).optional(),
  page: z.coerce.number().int().min(1).default(1),
  page_size: z.coerce.number().int().min(1).max(500).default(50),
})

export const listOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    count: z.number().int(),
    next: z.string().nullable(),
    previous: z.string().nullable(),
    results: z.array(item),
  })

export interface ListRequest {
  search?: string
  sort?: string
  page: number
  page_size: number
}

/** Searches, sorts and cuts out a page. The links keep every other part of the query. Pure. */
export function page<Row extends object>(
  rows: readonly Row[],
  { search, sort, page: number, page_size: size }: ListRequest,
  options: { url: URL; searchable: readonly (keyof Row & string)[]; sortable: readonly (keyof Row & string)[] },
) {
  const found = search ? rows.filter((row) => matches(row, search, options.searchable)) : [...rows]
  const sorted = sort ? sortBy(found, sort, options.sortable) : found
  const own = sorted.slice((number - 1) * size, number * size)
  return pageOf(own, sorted.length, { page: number, page_size: size }, options.url)
}

/** One page that has been cut out already, of `count` rows. Pure. */
export function pageOf<Row extends object>(
  results: Row[],
  count: number,
  { page: number, page_size: size }: Pick<ListRequest, 'page' | 'page_size'>,
  url: URL,
) {
  const pages = Math.max(1, Math.ceil(count / size))
  const link = (target: number) => {
    const query = new URLSearchParams(url.searchParams)
    query.set('page', String(target))
    return `${url.pathname}?${query}`
  }
  return {
    count,
    next: number < pages ? link(number + 1) : null,
    previous: number > 1 ? link(Math.min(number - 1, pages)) : null,
    results,
  }
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
    throw new HttpProblem(400, 'invalid', `It can be sorted by ${sortable.join(', ')}.`, {
      extra: { errors: [{ path: 'sort', message: 'not a field to sort by' }] },
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
