import { resolveConnection } from './connection.ts'
import type { Query } from './query.ts'

/** For migration inspectors: a URL taken apart, a session on it, and the end of a tool's sessions. */
export const toolDoors = {
  /** As node-postgres and the tools on top of it take it. Where TLS is "where it works", a connection finds that out. */
  async parts(databaseUrl: string) {
    const { settleTls } = await import('./connection-pool.ts')
    const { clientConfig } = await import('./connect-client.ts')
    const parameters = await settleTls(resolveConnection(databaseUrl))
    const { host, port, database } = parameters
    const { user = '', password, ssl, options } = clientConfig(parameters)
    return {
      ...{ host, port, user, database },
      ...(typeof password === 'string' ? { password } : {}),
      ...(typeof ssl === 'object' ? { ssl } : {}),
      ...(options === undefined ? {} : { options }),
    }
  },

  async openQuery(databaseUrl: string): Promise<{ query: Query; close(): Promise<void> }> {
    const { openSession } = await import('./session.ts')
    return openSession(resolveConnection(databaseUrl), { application: 'inspector' })
  },

  async endSessions(databaseUrl: string, application: string, how: 'cancel' | 'terminate'): Promise<void> {
    const { openSession } = await import('./session.ts')
    const session = await openSession(resolveConnection(databaseUrl), { application: 'inspector' })
    try {
      await session.query(
        `SELECT pg_catalog.pg_${how}_backend(pid) FROM pg_catalog.pg_stat_activity
         WHERE datname = pg_catalog.current_database() AND application_name = $1`,
        [application],
      )
    } finally {
      await session.close()
    }
  },
}
