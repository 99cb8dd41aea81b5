import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { measuredRun } from './measured-run.ts'

export interface ScaleSetting {
  cluster: TemporaryCluster
  backup(): ReturnType<typeof measuredRun>
  /** Into the database `restored`. */
  restore(): ReturnType<typeof measuredRun>
  stop(): Promise<void>
}

/** A cluster with the database `large`, made by `fill`, and an empty repository for it. */
export async function startScaleSetting(
  fill: (cluster: TemporaryCluster) => Promise<void>,
  settings: Record<string, string | number> = {},
): Promise<ScaleSetting> {
  const cluster = await startTemporaryCluster({ settings })
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-scale-'))
  const stop = async () => {
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
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
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
