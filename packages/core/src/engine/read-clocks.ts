import type { Clocks } from '../policy/backup-age.ts'
import type { Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import type { StoredBackup } from './summary.ts'

/**
 * The clocks of a moment without asking anyone: this host's, and of the storage's that it is at least as late as the newest
 * manifest. That makes an age smaller, never larger.
 */
export function clocksOf(backups: readonly Pick<StoredBackup, 'storedAt'>[], now = new Date()): Clocks {
  const times = backups.map(({ storedAt }) => storedAt.getTime())
  return { engine: now, storage: times.length > 0 ? new Date(Math.max(...times)) : null, server: null }
}

/** Of several databases of which none is named: the earliest of their servers, which makes ages smaller. */
async function serverTime(
  parts: EngineParts,
  { database, signal }: { database?: string | undefined } & Running,
): Promise<Date | null> {
  const labels = database !== undefined ? [database] : parts.labels()
  const servers = await Promise.all(labels.map((label) => parts.server(label, { signal })))
  const times = servers.flatMap((server) => (server ? [server.now.getTime()] : []))
  return times.length > 0 ? new Date(Math.min(...times)) : null
}

/** The same, the PostgreSQL server and the storage asked, where they answer. */
export async function readClocks(
  parts: EngineParts,
  backups: readonly StoredBackup[],
  { database, signal }: { database?: string } & Running,
): Promise<Clocks> {
  const { storageTime } = await import('../repository/storage-time.ts')
  const [server, storage] = await Promise.all([
    serverTime(parts, { database, signal }),
    parts.repository().then((repository) => storageTime(repository, { signal })),
  ])
  const known = clocksOf(backups)
  return { engine: known.engine, storage: storage ?? known.storage, server }
}
