import type { Manifest } from '../repository/documents/documents.ts'
import { manifestName } from '../repository/documents/manifests.ts'
import { setPin } from '../repository/documents/pins.ts'
import type { AttemptScope } from './attempt-scope.ts'
import { describeBackup } from './manifest.ts'
import type { Attempt } from './open-attempt.ts'
import { inPhase } from './progress.ts'

/** What a manifest says that is known only at the end. */
type Made = Omit<
  Parameters<typeof describeBackup>[0],
  'id' | 'createdAt' | 'context' | 'options' | 'storedBytes' | 'server' | 'number'
>

/** Stores packs, then index objects, then the manifest: its appearance is the backup's. */
export async function commitBackup(
  scope: AttemptScope,
  { job, context, source, writer, pool }: Attempt,
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
