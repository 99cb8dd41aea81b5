import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TemporaryCluster } from '@lifeboat/core/testing'
import { type Measured, measure } from './measure.ts'

export interface PgBackRest {
  backup(type: 'full' | 'incr'): Promise<Measured>
  /** Where it keeps its backups. */
  repository: string
}

/**
 * pgBackRest on the files of the cluster: physical and unencrypted, zstd level 1, two processes. It needs the server's
 * disk, which nothing else here does. Null where there is none. Throws where it cannot be set up.
 */
export function preparePgBackRest(cluster: TemporaryCluster, folder: string): PgBackRest | null {
  try {
    execFileSync('pgbackrest', ['version'], { stdio: 'ignore' })
  } catch {
    return null
  }
  const repository = join(folder, 'pgbackrest')
  const work = join(folder, 'pgbackrest-work')
  mkdirSync(work)
  const options = {
    stanza: 'bench',
    'config-path': work,
    'repo1-path': repository,
    'log-level-file': 'off',
    'lock-path': work,
    'pg1-path': cluster.dataDirectory,
    'pg1-port': String(cluster.port),
    'pg1-socket-path': cluster.socketDirectory,
    'pg1-user': 'postgres',
  }
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const env = { PGPASSWORD: decodeURIComponent(new URL(cluster.url()).password) }
  execFileSync('pgbackrest', [...flags, '--no-online', 'stanza-create'], { env: { ...process.env, ...env } })
  // What only a backup takes. Nothing archives WAL here: that part of its work is not measured.
  const how = ['process-max=2', 'compress-type=zst', 'compress-level=1', 'no-archive-check', 'start-fast']
  const more = ['repo1-retention-full=1000', ...how].map((option) => `--${option}`)
  return {
    repository,
    backup: (type) => measure('pgbackrest', [...flags, ...more, `--type=${type}`, 'backup'], { env }),
  }
}
