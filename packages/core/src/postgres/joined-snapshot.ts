import { sqlState } from './database-errors.ts'
import { qualifiedName, quoteLiteral } from './identifiers.ts'
import type { Session } from './session.ts'

/** Begins a read-only transaction that sees what the exported snapshot sees. */
export async function joinSnapshot(session: Session, snapshotId: string): Promise<void> {
  await session.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  await session.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(snapshotId)}`)
}

/**
 * Takes the lock that reading a table needs, without waiting. `false`: another session waits for a stronger one, and to
 * queue up behind it would be a deadlock that the server does not detect (that session waits for the one that holds the
 * snapshot). The session that exported the snapshot holds its lock already and can read the table.
 */
export async function lockWithoutWaiting(session: Session, table: { schema: string; name: string }): Promise<boolean> {
  await session.query('SAVEPOINT before_lock')
  try {
    await session.query(`LOCK TABLE ONLY ${qualifiedName(table)} IN ACCESS SHARE MODE NOWAIT`)
    await session.query('RELEASE SAVEPOINT before_lock')
    return true
  } catch (error) {
    if (sqlState(error) !== '55P03') throw error
    await session.query('ROLLBACK TO SAVEPOINT before_lock')
    return false
  }
}
