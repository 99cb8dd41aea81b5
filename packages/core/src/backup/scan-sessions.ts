import type { ConnectionParameters } from '../postgres/connection.ts'
import { joinSnapshot } from '../postgres/joined-snapshot.ts'
import { openSession, type Session } from '../postgres/session.ts'

/** Sessions that look for changes. */
export interface ScanSessions {
  /** One that sees the snapshot; the caller closes it. */
  join(snapshotId: string): Promise<Session>
  /** Closes those that were not asked for. */
  close(): Promise<void>
}

/** Bytes of database that make a further session worth its while. */
const bytesPerSession = 256 << 20

/** Connects at once, so that the scan can begin the moment the snapshot is there; as many as it will have work for. */
export function openScanSessions(
  parameters: ConnectionParameters,
  { most, databaseBytes, signal }: { most: number; databaseBytes: number; signal: AbortSignal },
): ScanSessions {
  const open = () => openSession(parameters, { application: 'backup scan', signal })
  const count = Math.min(most, Math.ceil(databaseBytes / bytesPerSession))
  const ready = Array.from({ length: count }, open)
  for (const session of ready) session.catch(() => {})
  return {
    async join(snapshotId) {
      const session = await (ready.shift() ?? open())
      try {
        await joinSnapshot(session, snapshotId)
        return session
      } catch (error) {
        await session.close()
        throw error
      }
    },
    async close() {
      for (const session of await Promise.allSettled(ready.splice(0)))
        if (session.status === 'fulfilled') await session.value.close()
    },
  }
}
