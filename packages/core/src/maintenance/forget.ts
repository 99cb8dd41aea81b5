import { EngineError } from '../errors.ts'
import { deleteManifest, manifestName } from '../repository/documents/manifests.ts'
import { listPins } from '../repository/documents/pins.ts'
import type { Repository } from '../repository/repository.ts'

/**
 * Ends a backup: its manifest goes, and with it its pin and verification records. Its space comes back with a prune.
 * Throws `BACKUP_NOT_FOUND`, and `BACKUP_PINNED` unless `force` is given. Whether it is the last good backup of its
 * database, or needed for an undo, is for the caller to know.
 */
export async function forgetBackup(
  repository: Repository,
  id: string,
  options: { force?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  const { force = false, signal } = options
  if (!force && (await listPins(repository, { signal })).has(id))
    throw new EngineError('BACKUP_PINNED', `Backup ${id} is pinned.`, { detail: { id } })
  if ((await repository.storage.stat(manifestName(id), { signal })) === null)
    throw new EngineError('BACKUP_NOT_FOUND', `There is no backup ${id}.`, { detail: { id } })
  await deleteManifest(repository, id, { signal })
}
