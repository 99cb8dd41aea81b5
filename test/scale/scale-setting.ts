import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { measuredRun } from './measured-run.ts'

export interface ScaleSetting {
  cluster: TemporaryCluster
  backup(): ReturnType<typeof measuredRun>
  /** Into the database `restored`. */
  restore(): ReturnType<typeof measuredRun>
  verify(): ReturnType<typeof measuredRun>
  export(): ReturnType<typeof measuredRun>
  stop(): Promise<void>
}

/** A cluster with the database `large`, made by `fill`, and an empty repository for it. */
export async function startScaleSetting(
  fill: (cluster: TemporaryCluster) => Promise<void>,
  settings: Record<string, string | number> = {},
): Promise<ScaleSetting> {
  build()
  const cluster = await startTemporaryCluster({ settings })
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-scale-'))
  const stop = async () => {
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
    await rm(`${folder}.dump`, { force: true })
  }
  try {
    const options: EngineOptions = { database: await cluster.createDatabase('large'), repository: folder }
    const engine = createBackupEngine({ ...options, encryption: { rawKey: '07'.repeat(32) } })
    await engine.repository.init()
    await engine.stop()
    await fill(cluster)
    return {
      cluster,
      backup: () => measuredRun('backup', options),
      restore: () => measuredRun('restore', options),
      verify: () => measuredRun('verify', options),
      export: () => measuredRun('export', options),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What is measured is the built package, so it is built from what is there now. */
function build(): void {
  const turbo = fileURLToPath(new URL('../../node_modules/.bin/turbo', import.meta.url))
  const root = fileURLToPath(new URL('../..', import.meta.url))
  execFileSync(turbo, ['run', 'build', '--filter=@lifeboat/core', '--output-logs=errors-only'], { cwd: root })
}
