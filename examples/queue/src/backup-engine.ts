import { type BackupEngine, createBackupEngine, isEngineError } from '@lifeboat/core'
import { bullmqQueue } from '@lifeboat/core/queues'

/** Of the queue in Redis and in the dashboard. */
export const queueName = 'lifeboat'

export const redisUrl = process.env.REDIS_URL ?? 'redis://localhost:6379'

/** The same engine in every process. Those that work run the jobs; the others bring them to the queue. */
export async function openBackupEngine({ work }: { work: boolean }): Promise<BackupEngine> {
  const { DATABASE_URL, BACKUP_DIRECTORY = '/app/backups', BACKUP_PASSPHRASE, LIFEBOAT_CATALOG } = process.env
  if (!DATABASE_URL) throw new Error('DATABASE_URL says which database is backed up.')
  const engine = createBackupEngine({
    appName: 'queue-example',
    database: DATABASE_URL,
    repository: BACKUP_DIRECTORY,
    encryption: BACKUP_PASSPHRASE ? { passphrase: BACKUP_PASSPHRASE } : 'none',
    // Shared by all processes: a SQLite file beside the backups, unless several machines share it.
    catalog: LIFEBOAT_CATALOG,
    queue: bullmqQueue({ connection: redisUrl, name: queueName, work }),
  })
  await engine.repository.init().catch((error: unknown) => {
    if (!isEngineError(error, 'REPOSITORY_EXISTS')) throw error
  })
  return engine
}
