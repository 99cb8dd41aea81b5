import { log } from '../../events.ts'
import type { CopyStepRun } from '../../options/copy-steps.ts'
import { type ConnectionParameters, connectionUrl } from '../../postgres/connection.ts'
import type { Query } from '../../postgres/query.ts'
import { openSession } from '../../postgres/session.ts'
import type { Running } from '../options.ts'

/** What a function of the application's gets. */
export function copyStepRun(parameters: ConnectionParameters, { signal, report }: Running): CopyStepRun {
  return {
    databaseUrl: connectionUrl(parameters),
    signal: signal ?? new AbortController().signal,
    log: (message) => log(report, 'info', message),
  }
}

/** A session for SQL of the application's: it has the settings of the database and the role, as the application has. */
export async function withApplicationSession<T>(
  parameters: ConnectionParameters,
  { signal }: Running,
  work: (query: Query) => Promise<T>,
): Promise<T> {
  const session = await openSession(parameters, { application: 'restore step', ...(signal ? { signal } : {}) })
  try {
    await session.query('RESET ALL')
    return await work(session.query)
  } finally {
    await session.close()
  }
}
