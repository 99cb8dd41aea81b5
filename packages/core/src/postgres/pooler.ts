import { Client } from 'pg'
import { EngineError } from '../errors.ts'
import { connectClient, destroyClient } from './connect-client.ts'
import type { ConnectionParameters } from './connection.ts'
import type { Query } from './query.ts'
import type { Session } from './session.ts'

/**
 * A pooler that gives a server connection to another client after each transaction cannot carry a backup: the backup's
 * sessions must keep their settings and locks. `openSession` knows one by the process id it invents at connect; this
 * looks again, over several transactions, for one that passes the first server's id through: the backend changes, or
 * what was set is gone.
 *
 * @throws EngineError `DATABASE_POOLER`
 */
export async function refusePooler(session: Session): Promise<void> {
  for (let transaction = 0; transaction < 3; transaction++) {
    const [row] = await session.query<{ pid: number; pinned: boolean }>(
      `SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting('row_security') = 'off'
         AND pg_catalog.current_setting('synchronize_seqscans') = 'off' AS pinned`,
    )
    if (row!.pid !== session.backendPid || !row!.pinned) throw poolerRefused(session.parameters)
  }
}

/**
 * Whether the pooler that answers keeps a server session for each of its clients ("session mode"). Another client of
 * it never gets the session that an idle one has there; in transaction mode it does. Nothing is set on either.
 */
export async function keepsSessions(query: Query, parameters: ConnectionParameters): Promise<boolean> {
  const ofFirst = async () => pidOf(await query<PidRow>(pidQuery))
  const first = await ofFirst()
  let other: Client | undefined
  try {
    const connected = await connectClient(parameters, (_, config) => {
      const fresh = new Client({ ...config, ...impatient, application_name: 'lifeboat: pooler' })
      other = fresh.on('error', () => {})
      return other
    })
    const { client } = connected
    const ofSecond = async () => pidOf((await client.query<PidRow>(pidQuery)).rows)
    const second = await ofSecond()
    if (second === first) return false
    // In an order that no round robin has, and once while the other is inside a transaction.
    for (const same of [ofFirst, ofSecond, ofSecond, ofFirst, ofFirst, ofSecond]) {
      if ((await same()) !== (same === ofFirst ? first : second)) return false
    }
    await client.query('BEGIN')
    const kept = (await ofFirst()) === first && (await ofFirst()) === first
    await client.query('ROLLBACK')
    return kept
  } catch (error) {
    // A second client that is made to wait, while the first does nothing, is what session mode looks like when full.
    const isWaiting = /timeout/i.test(String(error))
    return isWaiting && (await ofFirst()) === first && (await ofFirst()) === first
  } finally {
    if (other) destroyClient(other)
  }
}

const impatient = { connectionTimeoutMillis: 3000, query_timeout: 3000 }
interface PidRow {
  pid: number
}
const pidQuery = 'SELECT pg_catalog.pg_backend_pid() AS pid'
const pidOf = (rows: PidRow[]) => rows[0]!.pid

export function poolerRefused({ host, port }: ConnectionParameters): EngineError {
  return new EngineError(
    'DATABASE_POOLER',
    `${host}:${port} is a connection pooler in transaction mode: each transaction can run in another session of the server.`,
    {
      detail: { host, port },
    },
  )
}
