import type { Query } from './query.ts'

/** A session as `pg_stat_activity` shows it to this role; of sessions of other roles it may hide all but the pid. */
export interface LockSession {
  pid: number
  user: string | null
  application: string | null
  state: string | null
  /** What it runs, or ran last. May hold rows of the database. */
  statement: string | null
}

/** A session that waits for a lock, and one that holds it or waits for it before. */
export interface BlockedSession {
  waiter: LockSession
  /** Null: a prepared transaction, which has no session. */
  blocker: LockSession | null
  /** Mode of the lock that is waited for, as `pg_locks` has it. */
  mode: string
  /** `schema.table`; null for a row, a transaction or an advisory lock. */
  relation: string | null
  waitedMs: number
}

/**
 * Who waits for whom in the database of the session, now: waits for rows and transactions too. A look costs next to
 * nothing where no session waits; blockers are looked up only for those that do.
 */
export async function readBlockedSessions(query: Query): Promise<BlockedSession[]> {
  const rows = await query<{
    waiter: LockSession
    blocker: LockSession | null
    mode: string
    relation: string | null
    waited_ms: number | null
  }>(
    `SELECT ${sessionAsJson('w', 'l.pid')} AS waiter, l.mode, l.relation::pg_catalog.regclass::text AS relation,
       CASE WHEN b.pid = 0 THEN NULL ELSE ${sessionAsJson('s', 'b.pid')} END AS blocker,
       (pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() - l.waitstart) * 1000)::float8 AS waited_ms
     FROM pg_catalog.pg_locks l
     JOIN pg_catalog.pg_stat_activity w ON w.pid = l.pid AND w.datname = pg_catalog.current_database()
     CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(l.pid)) AS b (pid)
     LEFT JOIN pg_catalog.pg_stat_activity s ON s.pid = b.pid
     WHERE NOT l.granted`,
  )
  return rows.map(({ waited_ms, ...row }) => ({ ...row, waitedMs: Math.max(0, waited_ms ?? 0) }))
}

const sessionAsJson = (alias: string, pid: string) =>
  `pg_catalog.json_build_object('pid', ${pid}, 'user', ${alias}.usename, 'application', ${alias}.application_name, 'state', ${alias}.state, 'statement', ${alias}.query)`

/** How long sessions may take to end once they are told, in milliseconds. */
const goneWithinMs = 5000

/**
 * Ends the sessions of an application that has died: what a client of theirs began would go on in the server and be
 * committed. Resolves when they are gone, after 5 s at the latest, with the number of those that are still there.
 */
export async function endSessionsOf(query: Query, application: string): Promise<number> {
  const deadline = performance.now() + goneWithinMs
  for (;;) {
    const [row] = await query<{ left: number }>(
      `SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid))::int AS left FROM pg_catalog.pg_stat_activity
       WHERE application_name = $1 AND datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()`,
      [application],
    )
    const left = row?.left ?? 0
    if (left === 0 || performance.now() > deadline) return left
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
