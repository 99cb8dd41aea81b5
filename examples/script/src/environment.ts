import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineOptions } from '@lifeboat/core'

/** Where the data and its backups are. */
export interface Environment {
  databaseUrl: string
  repository: string
  encryption: NonNullable<EngineOptions['encryption']>
  /** Removes what was made only for this run. */
  remove(): Promise<void>
}

/** DATABASE_URL, BACKUP_DIRECTORY and BACKUP_PASSPHRASE say where; without DATABASE_URL everything is thrown away after. */
export async function openEnvironment(env = process.env): Promise<Environment> {
  if (env.DATABASE_URL) {
    return {
      databaseUrl: env.DATABASE_URL,
      repository: env.BACKUP_DIRECTORY ?? './backups',
      encryption: env.BACKUP_PASSPHRASE ? { passphrase: env.BACKUP_PASSPHRASE } : 'none',
      remove: async () => {},
    }
  }
  const { startTemporaryCluster } = await import('@lifeboat/core/testing')
  const cluster = await startTemporaryCluster()
  const databaseUrl = await cluster.createDatabase('example')
  await cluster.sql(
    'example',
    "CREATE TABLE notes AS SELECT n AS id, 'note ' || n AS text FROM generate_series(1, 1000) AS n",
  )
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
