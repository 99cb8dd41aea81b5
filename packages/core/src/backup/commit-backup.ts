import type { Manifest } from '../repository/documents/documents.ts'
import { manifestName } from '../repository/documents/manifests.ts'
import { setPin } from '../repository/documents/pins.ts'
import type { RepositoryWriter } from '../repository/repository-writer.ts'
import type { AttemptScope } from './attempt-scope.ts'
import type { BackupContext } from './backup-context.ts'
import type { InspectedSource } from './inspect-source.ts'
import { describeBackup } from './manifest.ts'
import type { BackupJob } from './open-attempt.ts'
import { inPhase } from './progress.ts'
import type { WorkerPool } from './worker-pool.ts'

/** What a manifest says that is known only at the end. */
type Made = Omit<
  Parameters<typeof describeBackup>[0],
  'id' | 'createdAt' | 'context' | 'options' | 'storedBytes' | 'server' | 'number'
>

/** What was read, and what it was written with. */
export interface Written {
  job: Pick<BackupJob, 'id' | 'createdAt' | 'options'>
  context: BackupContext
  source: Pick<InspectedSource, 'server'>
  writer: RepositoryWriter
  pool: Pick<WorkerPool, 'flush'>
}

/** Stores packs, then index objects, then the manifest: its appearance is the backup's. */
export async function commitBackup(
  scope: AttemptScope,
  { job, context, source, writer, pool }: Written,
  made: Made & { number: number | Promise<number> },
): Promise<{ manifest: Manifest; checksum: string }> {
  const { id, createdAt, options } = job
  const { repository } = context
  return inPhase(options.report, 'manifest', async () => {
    await pool.flush()
    const [{ storedBytes }, number, auditHead] = await Promise.all([
      writer.finish(),
      made.number,
      // A catalog that cannot be read keeps no backup from being completed.
      options.auditHead?.().catch(() => null),
    ])
    const { server } = source
    const manifest = describeBackup({
      ...made,
      id,
      number,
      createdAt,
      context,
      options,
      server,
      storedBytes,
      auditHead,
    })
    scope.mustSettle()
    try {
      if (options.pinned) await setPin(repository, id, true, { by: options.createdBy })
      const { checksum } = await writer.commit(manifest)
      return { manifest, checksum }
    } catch (error) {
      // The commit has taken its manifest back. One that is there belongs to the process that took this job up.
      const isThere = await repository.storage.stat(manifestName(id)).catch(() => null)
      if (options.pinned && !isThere) await setPin(repository, id, false).catch(() => {})
      throw error
    }
  })
}
