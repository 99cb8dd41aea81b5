import { createHash } from 'node:crypto'
import { EngineError } from '../errors.ts'
import type { Query } from './query.ts'

/** A query of the application's whose result has to be the same in a backup and in what is restored of it. */
export interface Invariant {
  name: string
  sql: string
}

/** The longest result that is recorded, as JSON text. */
const mostBytes = 64 * 1024

/**
 * The rows of an invariant as JSON text. It runs as part of a SELECT, so that it can neither write nor end the
 * transaction it is asked in; with a parameter it is sent as one statement, so that no text gets out of it.
 */
export async function measureInvariant(query: Query, { name, sql }: Invariant): Promise<string> {
  const [row] = await query<{ value: string | null }>(
    `SELECT pg_catalog.json_agg(pg_catalog.row_to_json(invariant))::text AS value FROM (\n${withoutEnd(sql)}\n) AS invariant WHERE $1::boolean`,
    [true],
  )
  const value = row?.value ?? '[]'
  if (Buffer.byteLength(value) > mostBytes) {
    throw new EngineError('CONFIG_INVALID', `Invariant "${name}" returns more than 64 KiB; aggregate it.`)
  }
  return value
}

/** Tells whether a query is still the one that was recorded. */
export function invariantHash({ sql }: Invariant): string {
  return createHash('sha256').update(withoutEnd(sql)).digest('hex')
}

function withoutEnd(sql: string): string {
  return sql.trim().replace(/;+\s*$/, '')
}
