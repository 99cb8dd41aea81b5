import type { Reporter } from '../events.ts'
import type { MediaRecord } from '../repository/documents/documents.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import type { BackupContext, BackupOptions } from './backup-context.ts'
import { inPhase } from './progress.ts'
import type { WorkerPool } from './worker-pool.ts'

interface MediaRun {
  context: Pick<BackupContext, 'media'>
  options: Pick<BackupOptions, 'includeMedia'>
  pool: WorkerPool
  writer: RepositoryWriter
  signal: AbortSignal
  report: Reporter | undefined
}

/** The phase `media` of a backup: nothing where it takes none along. */
export async function readMedia({ context, options, ...run }: MediaRun): Promise<MediaRecord[]> {
  const { pool, report } = run
  const bytesBefore = pool.bytesRead
  const read = async () => {
    if (!options.includeMedia || context.media.length === 0) return []
    const { storeMedia } = await import('./store-media.ts')
    return storeMedia(context.media, run)
  }
  return inPhase(report, 'media', read, () => ({ bytes: pool.bytesRead - bytesBefore }))
}
