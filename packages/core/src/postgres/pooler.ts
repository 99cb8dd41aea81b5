import { EngineError } from '../errors.ts'
import type { Session } from './session.ts'

/**
 * Refuses a pooler that hands a server connection to somebody else after each transaction: a backup needs its sessions
 * to stay what they are. Three signs, any one is enough: the backend differs from one transaction to the next; the
 * process id the pooler invented at connect is not the backend's; settings made at connect are gone.
 *
 * A pooler in session mode passes, but it has given us an invented process id too. It is refused with the others,
 * because cancel requests and a joined snapshot must reach the server itself.
 *
 * @throws EngineError `DATABASE_POOLER`
 */
export async function refusePooler(session: Session): Promise<void> {
  const { processID } = session.client as typeof session.client & { processID: number | null }
  const backends = new Set<number | null>([processID])
  for (let transaction = 0; transaction < 3; transaction++) {
    const [row] = await session.query<{ pid: number; pinned: boolean }>(
      `SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting('row_security') = 'off'
         AND pg_catalog.current_setting('synchronize_seqscans') = 'off' AS pinned`,
    )
    backends.add(row!.pid)
    if (backends.size > 1 || !row!.pinned) {
      throw new EngineError(
        'DATABASE_POOLER',
        `${session.parameters.host}:${session.parameters.port} is a connection pooler, not the PostgreSQL server.`,
        { detail: { host: session.parameters.host, port: session.parameters.port } },
      )
    }
  }
}
