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
  const [row] = await query<{ locked: boolean }>('SELECT pg_catalog.pg_try_advisory_lock($1) AS locked', [key])
  if (row?.locked) return
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
  const key = BigInt(lockKey(`restore ${restoreId}`)) & 0xffff_ffff_ffff_ffffn
  const [row] = await query<{ running: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_locks
       WHERE locktype = 'advisory' AND objsubid = 1 AND granted
         AND classid::int8 = $1 AND objid::int8 = $2) AS running`,
    [String(key >> 32n), String(key & 0xffff_ffffn)],
  )
  return row?.running === true
}

/** A 64-bit key as decimal text; another use of advisory locks would have to hit it by chance. */
function lockKey(name: string): string {
  return String(createHash('sha256').update(`lifeboat ${name}`).digest().readBigInt64BE(0))
}
