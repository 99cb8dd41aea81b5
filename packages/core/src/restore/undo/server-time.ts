import type { Query } from '../../postgres/query.ts'

/** Now, by the server's clock: what it keeps is stamped and expires by it, whichever host looks. */
export async function serverTime(query: Query): Promise<Date> {
  const [row] = await query<{ now: string }>(
    "SELECT (pg_catalog.extract('epoch', pg_catalog.clock_timestamp()) * 1000)::text AS now",
  )
  return new Date(Number(row?.now))
}
