import { counted } from '../../counted.ts'
import { log } from '../../events.ts'
import { withDatabase } from '../../postgres/connection.ts'
import type { RestoreContent, RestoreRun } from '../restore-run.ts'
import { openRestoreSession, type RestoreSession } from './restore-session.ts'

/** What makes a further session worth its while: to start its thread takes a tenth of a second of processor time. */
const bytesPerSession = 8 << 20
const tablesPerSession = 50

/** Sessions for this content, at most `connections`. */
function sessionCount({ manifest, context }: RestoreRun, { tables }: RestoreContent): number {
  const worthwhile = Math.max(
    Math.ceil(manifest.logical_bytes / bytesPerSession),
    Math.ceil(tables.length / tablesPerSession),
  )
  return Math.max(1, Math.min(context.resources.connections, worthwhile))
}

/** Opens sessions on `database`, as many as the content is worth, and closes them when `work` has ended. */
export async function withSessions<T>(
  run: RestoreRun,
  { database, content }: { database: string; content: RestoreContent },
  work: (sessions: RestoreSession[]) => Promise<T>,
): Promise<T> {
  const { context, signal } = run
  const setup = {
    parameters: withDatabase(context.database, database),
    keys: context.repository.keys,
    application: 'restore',
  }
  const opened = await Promise.allSettled(
    Array.from({ length: sessionCount(run, content) }, () => openRestoreSession(setup, { signal })),
  )
  const sessions = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  try {
    const failed = opened.find((one) => one.status === 'rejected')
    if (failed) throw failed.reason
    log(run.report, 'info', `Loading over ${counted(sessions.length, 'connection')}.`)
    return await work(sessions)
  } finally {
    await Promise.all(sessions.map((session) => session.close()))
  }
}
