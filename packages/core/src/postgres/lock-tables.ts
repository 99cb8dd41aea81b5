import { EngineError } from '../errors.ts'
import { sqlState } from './database-errors.ts'
import { type Exclusions, exclusionMatcher } from './excluded.ts'
import { qualifiedName } from './identifiers.ts'
import type { Query } from './query.ts'
import type { Session } from './session.ts'
import { dumpedRelations, extensionConfiguration } from './what-is-dumped.ts'

/** A relation to lock, and what must still be true of it under the snapshot. */
export interface LockableTable {
  oid: string
  schema: string
  name: string
  relkind: string
}

/** Every table and partitioned table a backup holds the definition or the rows of. */
export async function listLockableTables(query: Query, exclusions: Exclusions): Promise<LockableTable[]> {
  const matcher = exclusionMatcher(exclusions)
  const rows = await query<LockableTable>(`
    SELECT c.oid::pg_catalog.int8::text AS oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS relkind
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN (${extensionConfiguration}) config ON config.oid = c.oid
    WHERE c.relkind IN ('r', 'p') AND ${dumpedRelations}
    ORDER BY c.oid`)
  return rows.filter((row) => !matcher.excludesTable(row))
}

const batch = 500

/**
 * Locks the tables in ACCESS SHARE mode, many per statement, within `budgetMs` in all. Null when they are locked;
 * else the error of one that is gone, so that the list must be read again. Takes no snapshot: neither SET nor LOCK TABLE needs one, which is the point of locking
 * before the first query of a REPEATABLE READ transaction.
 *
 * @throws EngineError `LOCK_BUDGET`, naming whom `blockers` last saw in the way.
 */
export async function lockTables(
  session: Session,
  tables: readonly LockableTable[],
  budgetMs: number | 'wait',
  blockers: () => LockHolder | undefined,
): Promise<unknown> {
  const deadline = budgetMs === 'wait' ? null : Date.now() + budgetMs
  for (let start = 0; start < tables.length; start += batch) {
    const names = tables.slice(start, start + batch).map((table) => `ONLY ${qualifiedName(table)}`)
    // Not lock_timeout: that one starts again with each table of the list.
    const remaining = deadline === null ? 0 : Math.max(1, deadline - Date.now())
    await session.query(`SET statement_timeout = ${remaining}`)
    try {
      await session.query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`)
    } catch (error) {
      const state = sqlState(error)
      if (state === '42P01' || state === '3F000' || state === '42809') return error
      if (state !== '57014') throw error
      throw lockBudgetExceeded(budgetMs, blockers(), error)
    }
  }
  await session.query('SET statement_timeout = 0')
  return null
}

/** The server's lock table is full: says what max_locks_per_transaction has to be. `query` is of another session. */
export async function lockTableFull(query: Query, locks: number, cause: unknown): Promise<EngineError> {
  const [row] = await query<{ now: number; per_unit: number }>(
    `SELECT pg_catalog.current_setting('max_locks_per_transaction')::int AS now,
       pg_catalog.current_setting('max_connections')::int
         + pg_catalog.current_setting('max_prepared_transactions')::int AS per_unit`,
  ).catch(() => [])
  // The backup's own session and pg_dump each hold all of them.
  const needed = row ? Math.max(row.now * 2, Math.ceil((locks * 2 * 1.25) / row.per_unit / 64) * 64) : null
  return new EngineError('DATABASE_BUSY', `The server has no room for the locks of ${locks} tables.`, {
    cause,
    detail: { tables: locks, max_locks_per_transaction: row?.now ?? null, needed },
    advice: row
      ? `Set max_locks_per_transaction to ${needed} (now ${row.now}) and restart the server: a backup holds one lock per table.`
      : 'Raise max_locks_per_transaction and restart the server: a backup holds one lock per table.',
  })
}

/** A session that holds a lock that we wait for. */
export interface LockHolder {
  pid: number
  statement: string
}

/** Blocked for so many looks in a row, a session counts as waiting: shorter waits are nobody's business. */
const looksUntilTold = 5

/**
 * Polls who blocks backend `pid`, for as long as it does; the last answer is kept. `onBlocked` is told once of each
 * session that stays in the way for half a second.
 */
export function watchBlockers(
  query: Query,
  pid: number,
  onBlocked?: (holder: LockHolder) => void,
): { seen(): LockHolder | undefined; stop(): Promise<void> } {
  let last: LockHolder | undefined
  let looks = 0
  let running: Promise<void> | undefined
  const look = async () => {
    const [holder] = await query<LockHolder>(
      `SELECT blocker.pid, COALESCE(a.query, '') AS statement
       FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) AS blocker(pid)
       LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = blocker.pid LIMIT 1`,
      [pid],
    )
    looks = holder && holder.pid === last?.pid ? looks + 1 : 0
    if (holder) last = { ...holder, statement: shorten(holder.statement) }
    if (last && looks === looksUntilTold) onBlocked?.(last)
  }
  const timer = setInterval(() => {
    running ??= look()
      // The watched session reports what matters; without an answer the error only says less.
      .catch(() => {})
      .finally(() => {
        running = undefined
      })
  }, 100)
  return {
    seen: () => last,
    async stop() {
      clearInterval(timer)
      await running
    },
  }
}

function lockBudgetExceeded(budgetMs: number | 'wait', holder: LockHolder | undefined, cause: unknown): EngineError {
  const who = holder ? `session ${holder.pid} (${shorten(holder.statement)})` : 'another session'
  return new EngineError('LOCK_BUDGET', `The backup waited ${budgetMs} ms for a table that ${who} has locked.`, {
    cause,
    detail: holder ? { pid: holder.pid, statement: shorten(holder.statement) } : {},
  })
}

/** The beginning of a statement, for a message. */
export function shorten(statement: string): string {
  const line = statement.replace(/\s+/g, ' ').trim()
  return line.length > 120 ? `${line.slice(0, 117)}...` : line
}
