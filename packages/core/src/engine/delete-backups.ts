import { EngineError, isEngineError } from '../errors.ts'
import { log } from '../events.ts'
import { mapInOrder } from '../repository/concurrency.ts'
import { deleteManifest } from '../repository/manifests.ts'
import type { Running } from './engine-type.ts'
import { removeExported } from './export-folder.ts'
import type { EngineParts } from './parts.ts'
import { readStoredBackups } from './stored-backups.ts'
import { type BackupSummary, backupSummary, type StoredBackup } from './summary.ts'

/** So many are deleted upon one look at the list, and so many at once. */
const perLook = 200
const atOnce = 8

/** What `Backups.deleteAll` does. The list is looked at once for many backups, not once for each. */
export async function deleteBackups(
  parts: EngineParts,
  ids: readonly string[],
  options: Running & { onDeleted?: (backup: BackupSummary) => void },
): Promise<BackupSummary[]> {
  const { signal, report, onDeleted } = options
  const repository = await parts.repository()
  const going = new Set(ids)
  const deleted: BackupSummary[] = []
  for (let at = 0; at < ids.length; at += perLook) {
    const { backups } = await readStoredBackups(repository, signal)
    const these = new Set(ids.slice(at, at + perLook))
    const found = backups.filter(({ manifest }) => these.has(manifest.id))
    refuseWhatMustStay(found, backups, going)
    const remove = async (backup: StoredBackup) => {
      try {
        await deleteManifest(repository, backup.manifest.id, { signal })
      } catch (error) {
        if (!isEngineError(error, 'BACKUP_LOCKED')) throw error
        log(report, 'info', `Backup ${backup.manifest.number} stays. ${error.message}`, { id: backup.manifest.id })
        return null
      }
      await removeExported(parts.settings, backup.manifest.id)
      return backupSummary(backup)
    }
    for await (const backup of mapInOrder(found, atOnce, remove)) {
      if (backup === null) continue
      deleted.push(backup)
      onDeleted?.(backup)
    }
  }
  return deleted
}

function refuseWhatMustStay(found: StoredBackup[], all: StoredBackup[], going: ReadonlySet<string>): void {
  const staying = new Set(
    all
      .filter(({ manifest, lastVerified }) => !going.has(manifest.id) && lastVerified?.ok !== false)
      .map(({ manifest }) => manifest.database),
  )
  for (const { pinned, manifest } of found) {
    const { id, number, database } = manifest
    if (pinned) throw new EngineError('BACKUP_PINNED', `Backup ${number} is pinned.`, { detail: { id } })
    if (!staying.has(database))
      throw new EngineError('BACKUP_LAST_GOOD', `Nothing good of "${database}" would be left.`, { detail: { id } })
  }
}
