import { EngineError } from '../errors.ts'
import type { ConnectionParameters } from './connection.ts'
import type { Session } from './session.ts'

/**
 * A pooler that hands a server connection to somebody else after each transaction cannot carry a backup: its sessions
 * must stay what they are. `openSession` refuses one by the process id it invents at connect; this looks again, over
 * several transactions, for one that passes the first server's id through: the backend changes, or what was set is gone.
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

export function poolerRefused({ host, port }: ConnectionParameters): EngineError {
  return new EngineError('DATABASE_POOLER', `${host}:${port} is a connection pooler, not the PostgreSQL server.`, {
    detail: { host, port },
  })
}
