import { EngineError } from '../../errors.ts'
import { sqlState } from '../../postgres/database-errors.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'

export interface Swap {
  /** On a database that takes no part; carries the transaction. */
  control: Query
  /** Another session, which ends the sessions that the renames wait for. */
  terminator: Query
  /** Backend ids of our own sessions, never ended. */
  ownBackends: number[]
  /** Sessions that hold writers off: ended once all others are gone and no new one can come. */
  endLast?: number[]
  /** The live database, what it is called from now on, and its new comment. Null: nothing is live under the name. */
  replaced: { keptName: string; comment: string } | null
  /** The database that becomes `name`, with the properties that only a live one gets. */
  incoming: { name: string; comment: string | null; connectionLimit: number }
  /** The live name. */
  name: string
  /**
   * Looks again, inside the transaction, once the database row is locked against renames and comments of others. It is given
   * a session that sees what is committed. What it throws ends the swap; nothing has changed then.
   */
  check?: ((committed: Query) => Promise<void>) | undefined
  /** How often to try while sessions that cannot be ended stay, 5 s each. Default 3. */
  attempts?: number
}

/**
 * Puts one database in another's place by renaming both in ONE transaction: whatever crashes at whatever moment, the
 * live name is either the old database or the new one. Sessions are ended while the renames wait for them; new ones
 * wait for the lock on the database row, then get one 3D000 and reconnect.
 *
 * Neither ALLOW_CONNECTIONS nor CONNECTION LIMIT is used to keep sessions out: a crash would leave a live database
 * that refuses its application.
 *
 * Resolves with the milliseconds for which the name did not answer. Throws `DATABASE_BUSY` when sessions that cannot
 * be ended stay; nothing has changed then.
 */
export async function swapDatabases(swap: Swap): Promise<{ milliseconds: number }> {
  const ids = await databaseIds(swap)
  for (let attempt = 1; ; attempt++) {
    try {
      return await renameBoth(swap, ids)
    } catch (error) {
      await swap.control('ROLLBACK').catch(() => {})
      if (await isSwapped(swap, ids)) return { milliseconds: 0 }
      if (attempt >= (swap.attempts ?? 3) || !isBusy(error)) throw await explained(error, swap, ids)
    }
    await new Promise((resolve) => setTimeout(resolve, 500 * attempt))
  }
}

interface Ids {
  live: string | null
  incoming: string
}

async function databaseIds({ control, name, incoming, replaced }: Swap): Promise<Ids> {
  const idOf = async (database: string) => {
    const sql = 'SELECT oid::text AS id FROM pg_catalog.pg_database WHERE datname = $1'
    return (await control<{ id: string }>(sql, [database]))[0]?.id ?? null
  }
  const live = await idOf(name)
  const copy = await idOf(incoming.name)
  if (copy === null) throw new EngineError('RESTORE_FAILED', `Database "${incoming.name}" is not there any more.`)
  if ((live === null) !== (replaced === null)) {
    throw new EngineError('PLAN_CHANGED', `Database "${name}" ${live ? 'appeared' : 'vanished'} during the restore.`)
  }
  return { live, incoming: copy }
}

async function renameBoth(swap: Swap, ids: Ids): Promise<{ milliseconds: number }> {
  const { control, replaced, incoming, name } = swap
  const live = quoteIdentifier(name)
  const copy = quoteIdentifier(incoming.name)
  await control('BEGIN')
  // A lock on the database row is waited for by every new session: never longer than this.
  await control("SET LOCAL lock_timeout = '3s'")
  await control('SET LOCAL synchronous_commit = on')
  // All that is not a rename comes first: it does not make anybody wait.
  if (replaced) await control(`COMMENT ON DATABASE ${live} IS ${quoteLiteral(replaced.comment)}`)
  await control(`COMMENT ON DATABASE ${copy} IS ${incoming.comment === null ? 'NULL' : quoteLiteral(incoming.comment)}`)
  await control(`ALTER DATABASE ${copy} CONNECTION LIMIT ${Math.trunc(incoming.connectionLimit)}`)
  await swap.check?.(swap.terminator)
  const started = performance.now()
  await whileEndingSessions(swap, ids, async () => {
    if (replaced) await control(`ALTER DATABASE ${live} RENAME TO ${quoteIdentifier(replaced.keptName)}`)
    await control(`ALTER DATABASE ${copy} RENAME TO ${live}`)
  })
  await control('COMMIT')
  return { milliseconds: Math.round(performance.now() - started) }
}

/** Ends sessions on both databases again and again until `work` is done: ALTER DATABASE RENAME looks every 100 ms. */
async function whileEndingSessions(swap: Swap, ids: Ids, work: () => Promise<void>): Promise<void> {
  let done = false
  const ending = (async () => {
    while (!done) {
      await endSessions(swap, ids)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })()
  try {
    await work()
  } finally {
    done = true
    // A terminator that fails is no failure of the swap: the rename itself says whether sessions are left.
    await ending.catch(() => {})
  }
}

async function endSessions({ terminator, ownBackends, endLast = [] }: Swap, { live, incoming }: Ids): Promise<void> {
  const ids = [live, incoming].filter((id) => id !== null)
  await terminator(
    `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
     WHERE datid = ANY ($1::oid[]) AND pid <> ALL ($2::int[]) AND ${mayEnd}`,
    [ids, [...ownBackends, ...endLast]],
  )
  if (endLast.length === 0) return
  // Once the rename has its lock no session begins; then those that are there have to go before the one they wait for.
  await terminator(
    `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
     WHERE datid = ANY ($1::oid[]) AND pid = ANY ($3::int[])
       AND EXISTS (SELECT FROM pg_catalog.pg_locks held
         WHERE held.pid = ANY ($2::int[]) AND locktype = 'object' AND granted AND mode = 'AccessExclusiveLock'
         AND classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND objid = $4::oid)
       AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity other
         WHERE other.datid = $4::oid AND other.pid <> ALL ($2::int[]) AND other.pid <> ALL ($3::int[]))`,
    [ids, ownBackends, endLast, live],
  )
}

/**
 * Whether our role may end the session of a row of pg_stat_activity: the rule of pg_terminate_backend, without its
 * error. Sessions of no role (autovacuum) are left out: ALTER DATABASE RENAME ends those itself.
 */
export const mayEnd = `(usesysid IS NOT NULL AND (
  (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
  OR (NOT COALESCE((SELECT rolsuper FROM pg_catalog.pg_roles r WHERE r.oid = usesysid), true)
      AND (pg_catalog.pg_has_role(usesysid, 'USAGE') OR pg_catalog.pg_has_role('pg_signal_backend', 'USAGE')))))`

/** What a session of a role is whose rights we lack stays hidden: it is a client's until proven otherwise. */
export const isClient = `COALESCE(backend_type, 'client backend') = 'client backend'`

/** After a connection was lost at COMMIT only the catalog knows what happened. */
async function isSwapped({ terminator, replaced, name }: Swap, ids: Ids): Promise<boolean> {
  const sql = 'SELECT oid::text AS id, datname::text AS name FROM pg_catalog.pg_database WHERE oid = ANY ($1::oid[])'
  const rows = await terminator<{ id: string; name: string }>(sql, [[ids.incoming]]).catch(() => [])
  return rows[0]?.name === name && replaced?.keptName !== name
}

function isBusy(error: unknown): boolean {
  return ['55006', '55P03', '40P01'].includes(sqlState(error) ?? '')
}

async function explained(error: unknown, { terminator, name }: Swap, { live, incoming }: Ids): Promise<unknown> {
  if (!isBusy(error)) return error
  const users = await terminator<{ role: string }>(
    // Sessions of no role (autovacuum) do not stay: the rename ends them.
    `SELECT DISTINCT usename::text AS role FROM pg_catalog.pg_stat_activity
     WHERE datid = ANY ($1::oid[]) AND usename IS NOT NULL`,
    [[live, incoming].filter((id) => id !== null)],
  ).catch(() => [])
  const roles = users.map(({ role }) => role)
  return new EngineError(
    'DATABASE_BUSY',
    `Database "${name}" could not be renamed: sessions of ${roles.join(', ') || 'others'} stay.`,
    {
      cause: error,
      detail: { database: name, roles },
    },
  )
}
