import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineOptions } from '@lifeboat/core'

/** Where the application's data and its backups are. */
export interface Environment {
  databaseUrl: string
  repository: string
  encryption: NonNullable<EngineOptions['encryption']>
  /** Removes what was made only for this run. */
  remove(): Promise<void>
}

/**
 * DATABASE_URL, BACKUP_DIRECTORY and BACKUP_PASSPHRASE say where. Without DATABASE_URL there is a throwaway PostgreSQL
 * and a throwaway repository, both gone when the example ends.
 */
export async function openEnvironment(env = process.env): Promise<Environment> {
  if (env.DATABASE_URL) {
    return {
      databaseUrl: env.DATABASE_URL,
      repository: env.BACKUP_DIRECTORY ?? '/app/backups',
      encryption: env.BACKUP_PASSPHRASE ? { passphrase: env.BACKUP_PASSPHRASE } : 'none',
      remove: async () => {},
    }
  }
  const { startTemporaryCluster } = await import('@lifeboat/core/testing')
  const cluster = await startTemporaryCluster()
  const databaseUrl = await cluster.createDatabase('example')
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-example-'))
  console.log('DATABASE_URL is not set: a throwaway PostgreSQL, and backups that end with it.')
  return {
    databaseUrl,
    repository: join(folder, 'backups'),
    encryption: 'none',
    async remove() {
      await cluster.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
