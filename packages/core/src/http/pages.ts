import { z } from 'zod'

/** One page of a list, as HTTP shows it. */
export const listOf = (item: z.ZodType) =>
  z.object({
    count: z.int(),
    next: z.string().nullable(),
    previous: z.string().nullable(),
    results: z.array(item),
  })

/** One page of `count` rows, with links that keep every other part of the query. Pure. */
export function pageOf<Row extends object>(
  results: Row[],
  count: number,
  { page: number, page_size: size }: { page: number; page_size: number },
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
