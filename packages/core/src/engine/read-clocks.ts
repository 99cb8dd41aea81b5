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

/** The same, the PostgreSQL server and the storage asked, where they answer. */
export async function readClocks(
  parts: EngineParts,
  backups: readonly StoredBackup[],
  { database, signal }: { database?: string } & Running,
): Promise<Clocks> {
  const { storageTime } = await import('../repository/storage-time.ts')
  const [server, storage] = await Promise.all([
    parts.server(database, { signal }),
    parts.repository().then((repository) => storageTime(repository, { signal })),
  ])
  const known = clocksOf(backups)
  return { engine: known.engine, storage: storage ?? known.storage, server: server?.now ?? null }
}
