import { isEngineError } from '../../errors.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import { qualifiedName, quoteIdentifier } from '../../postgres/identifiers.ts'
import { openSession } from '../../postgres/session.ts'
import type { RestoreRun } from '../restore-run.ts'

/** A column of times, and how old its newest may be when a backup is made. */
export interface FreshnessRule {
  /** `schema.table`, or a table of the schema public. */
  table: string
  column: string
  maxAgeHours: number
}

export interface FreshRow {
  /** `schema.table.column`. */
  column: string
  /** Null: there is no row with a time before the backup. */
  ageSeconds: number | null
  limitSeconds: number
}

/**
 * How old the newest row of each column was at the time of the backup. Rows from after it count for nothing: a date far in
 * the future would hide that nothing is written any more. A time without a zone is read in the time zone of the session.
 */
export async function checkFreshness(
  parameters: ConnectionParameters,
  rules: readonly FreshnessRule[],
  { takenAt, run }: { takenAt: string; run: Pick<RestoreRun, 'signal'> },
): Promise<{ rows: FreshRow[]; problems: string[] }> {
  const found = { rows: [] as FreshRow[], problems: [] as string[] }
  const session = await openSession(parameters, {
    application: 'drill freshness',
    ...(run.signal ? { signal: run.signal } : {}),
  })
  try {
    for (const { table, column, maxAgeHours } of rules) {
      const dot = table.indexOf('.')
      const of =
        dot < 0 ? { schema: 'public', name: table } : { schema: table.slice(0, dot), name: table.slice(dot + 1) }
      const label = `${of.schema}.${of.name}.${column}`
      const sql = `SELECT pg_catalog.date_part('epoch', $1::timestamptz - pg_catalog.max(at))::float8 AS age
         FROM (SELECT ${quoteIdentifier(column)}::timestamptz AS at FROM ${qualifiedName(of)}) AS times WHERE at <= $1::timestamptz`
      try {
        const [row] = await session.query<{ age: number | null }>(sql, [takenAt])
        const fresh = { column: label, ageSeconds: row?.age ?? null, limitSeconds: maxAgeHours * 3600 }
        found.rows.push(fresh)
        const problem = freshnessProblem(fresh)
        if (problem) found.problems.push(problem)
      } catch (error) {
        if (!speaksOfTheQuery(error)) throw error
        found.problems.push(`Freshness of ${label} cannot be measured: ${error.message}`)
      }
    }
    return found
  } finally {
    await session.close()
  }
}

/** What is wrong, as a sentence. Pure. */
export function freshnessProblem({ column, ageSeconds, limitSeconds }: FreshRow): string | null {
  if (ageSeconds === null)
    return `Freshness: ${column} has no time from before the backup: the table is empty, or was not filled.`
  if (ageSeconds <= limitSeconds) return null
  return `Freshness: the newest ${column} was ${hours(ageSeconds)} old when the backup was made; at most ${hours(limitSeconds)} are expected.`
}

const hours = (seconds: number): string => `${(seconds / 3600).toFixed(1)} h`

/** No such table or column, or a type that is no time: what was restored is not what the code expects. */
function speaksOfTheQuery(error: unknown): error is Error {
  const { sqlstate } = isEngineError(error) ? error.detail : {}
  return error instanceof Error && typeof sqlstate === 'string' && /^(42|22|3F)/.test(sqlstate) && sqlstate !== '42501'
}
