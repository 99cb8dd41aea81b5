import { createHash } from 'node:crypto'
import { EngineError } from '../errors.ts'
import type { Query } from '../postgres/query.ts'

/**
 * Session-level advisory locks, held on the control session of a running restore: one named for the restore, by which
 * everybody can tell that it is alive, and one named for the target, so that only one at a time works on it. The
 * server lets go of both when the session ends, however it ends.
 */
export async function lockRestore(query: Query, restoreId: string): Promise<void> {
  await query('SELECT pg_catalog.pg_advisory_lock($1)', [lockKey(`restore ${restoreId}`)])
}

/** Throws `DATABASE_BUSY` when another restore, undo or discard works on the database. */
export async function lockTarget(query: Query, database: string): Promise<void> {
  const key = lockKey(`restore target ${database}`)
  const [row] = await query<{ locked: boolean; self: number }>(
    'SELECT pg_catalog.pg_try_advisory_lock($1) AS locked, pg_catalog.pg_backend_pid() AS self',
    [key],
  )
  // An advisory lock is one of its database: who controls from another database is seen only in the list of locks.
  if (row?.locked && !(await holders(query, key)).some((pid) => pid !== row.self)) return
  if (row?.locked) await unlockTarget(query, database)
  throw new EngineError('DATABASE_BUSY', `Another restore or undo is at work on database "${database}".`, {
    detail: { database },
    advice: 'Wait until it has ended and try again.',
  })
}

export async function unlockTarget(query: Query, database: string): Promise<void> {
  await query('SELECT pg_catalog.pg_advisory_unlock($1)', [lockKey(`restore target ${database}`)])
}

/** Whether the restore is running: `pg_locks` shows the advisory locks of every database of the server. */
export async function isRestoreRunning(query: Query, restoreId: string): Promise<boolean> {
  return (await holders(query, lockKey(`restore ${restoreId}`))).length > 0
}

/** Backends that hold the lock, in whatever database. */
async function holders(query: Query, lock: string): Promise<number[]> {
  const key = BigInt(lock) & 0xffff_ffff_ffff_ffffn
  const rows = await query<{ pid: number }>(
    `SELECT pid FROM pg_catalog.pg_locks
     WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND classid::int8 = $1 AND objid::int8 = $2`,
    [String(key >> 32n), String(key & 0xffff_ffffn)],
  )
  return rows.map(({ pid }) => pid)
}

/** A 64-bit key as decimal text; another use of advisory locks would have to hit it by chance. */
function lockKey(name: string): string {
  return String(createHash('sha256').update(`lifeboat ${name}`).digest().readBigInt64BE(0))
}
