import { EngineError } from '../errors.ts'
import { shorten } from './lock-tables.ts'
import type { Query } from './query.ts'

/** How often to look, in milliseconds, at most; with a small budget more often. */
const intervalMs = 1000

/**
 * Watches, over a connection of its own, for sessions that wait for a lock which backend `pid` holds. The session that
 * exported a snapshot holds a lock on every table of the backup, so a session that waits for any connection of the backup
 * waits for that one.
 *
 * `onExceeded` is called once, when a session has waited for longer than `budgetMs`. The waiting is measured by the
 * server, so that a poll that comes late does not shorten it.
 */
export function watchWaiters(
  query: Query,
  { pid, budgetMs, onExceeded }: { pid: number; budgetMs: number; onExceeded: (error: EngineError) => void },
): { stop(): void } {
  let stopped = false
  let timer: NodeJS.Timeout
  const look = async () => {
    const [waiter] = await query<{ pid: number; waited_ms: number; statement: string; relation: string | null }>(
      `SELECT l.pid, a.query AS statement, l.relation::pg_catalog.regclass::text AS relation,
         (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - l.waitstart) * 1000)::int AS waited_ms
       FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
       WHERE NOT l.granted AND l.locktype = 'relation' AND l.waitstart < pg_catalog.clock_timestamp() - $2 * interval '1 ms'
         AND $1 = ANY (pg_catalog.pg_blocking_pids(l.pid))
       ORDER BY l.waitstart LIMIT 1`,
      [pid, budgetMs],
    )
    if (!waiter || stopped) return
    stopped = true
    const statement = shorten(waiter.statement ?? '')
    onExceeded(
      new EngineError(
        'LOCK_BUDGET',
        `The backup gave way: session ${waiter.pid} had waited ${waiter.waited_ms} ms for it (${statement}).`,
        { detail: { pid: waiter.pid, statement, table: waiter.relation } },
      ),
    )
  }
  const schedule = () => {
    timer = setTimeout(
      () => {
        // A failing look ends the watch; the session it looked through has reported why.
        look().then(
          () => stopped || schedule(),
          () => {},
        )
      },
      Math.min(intervalMs, Math.max(50, budgetMs / 4)),
    )
  }
  schedule()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
    },
  }
}
