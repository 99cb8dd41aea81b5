import { hostname } from 'node:os'
import { EngineError, isEngineError } from '../errors.ts'
import { log } from '../events.ts'
import { sourceKey } from '../policy/backup-order.ts'
import { deleteRefusals } from '../policy/delete-refusals.ts'
import { mapInOrder } from '../repository/concurrency.ts'
import { deleteManifest } from '../repository/documents/manifests.ts'
import { acquireLease, type Lease } from '../repository/leases/lease.ts'
import { spendingReserve } from '../repository/reserve.ts'
import type { Running } from './engine-type.ts'
import { removeExported } from './export-folder.ts'
import type { EngineParts } from './parts.ts'
import { readStoredBackups } from './stored-backups.ts'
import { type BackupSummary, backupSummary, isGood, type StoredBackup, sourceOf } from './summary.ts'

/** So many are deleted upon one look at the list, and so many at once. */
const perLook = 200
const atOnce = 8

/** How long a delete waits for another one, or for retention, to end. */
const waitMs = 120_000
/** A lease that was asserted this long ago is asserted again before the next delete. */
const assertedForMs = 2_000

/**
 * Deletes a backup. It is looked at again under the lease that every delete and retention holds, so that of two deletes at
 * once one sees what the other has done. Throws what `deleteRefusals` names, and `BACKUP_NOT_FOUND`.
 */
export async function deleteBackup(
  parts: EngineParts,
  id: string,
  { force = false, ...running }: Running & { force?: boolean },
): Promise<BackupSummary> {
  return underForgetLease(parts, running, async ({ assertHeld, signal }) => {
    const repository = await parts.repository()
    const { backups } = await readStoredBackups(repository, signal)
    const found = backups.find(({ manifest }) => manifest.id === id)
    if (!found) throw new EngineError('BACKUP_NOT_FOUND', `There is no backup ${id}.`, { detail: { id } })
    const { number, database } = found.manifest
    const [refusal] = deleteRefusals({
      backup: { id, number, status: 'completed', database, pinned: found.pinned },
      all: backups.map(deletable),
      neededForUndo: new Set(),
      force,
    })
    if (refusal) throw new EngineError(refusal.code, refusal.text, { detail: { id } })
    await assertHeld()
    await deleteManifest(repository, id, { signal })
    await removeExported(parts.settings, id, running)
    return backupSummary(found)
  })
}

/** A stored backup as the rules of deleting see it. */
export function deletable(backup: StoredBackup): { id: string; source: string; good: boolean } {
  return { id: backup.manifest.id, source: sourceKey(sourceOf(backup)), good: isGood(backup) }
}

/** What `Backups.deleteAll` does. The list is looked at once for many backups, not once for each. */
export async function deleteBackups(
  parts: EngineParts,
  ids: readonly string[],
  options: Running & { onDeleted?: (backup: BackupSummary) => void },
): Promise<BackupSummary[]> {
  const { report, onDeleted } = options
  if (ids.length === 0) return []
  return underForgetLease(parts, options, async ({ assertHeld, signal }) => {
    const repository = await parts.repository()
    const going = new Set(ids)
    const deleted: BackupSummary[] = []
    for (let at = 0; at < ids.length; at += perLook) {
      const { backups } = await readStoredBackups(repository, signal)
      const these = new Set(ids.slice(at, at + perLook))
      const found = backups.filter(({ manifest }) => these.has(manifest.id))
      refuseWhatMustStay(found, backups, going)
      const remove = async (backup: StoredBackup) => {
        await assertHeld()
        try {
          await deleteManifest(repository, backup.manifest.id, { signal })
        } catch (error) {
          if (!isEngineError(error, 'BACKUP_LOCKED')) throw error
          log(report, 'info', `Backup ${backup.manifest.number} stays. ${error.message}`, { id: backup.manifest.id })
          return null
        }
        await removeExported(parts.settings, backup.manifest.id, { report })
        return backupSummary(backup)
      }
      for await (const backup of mapInOrder(found, atOnce, remove)) {
        if (backup === null) continue
        deleted.push(backup)
        onDeleted?.(backup)
      }
    }
    return deleted
  })
}

function refuseWhatMustStay(found: StoredBackup[], all: StoredBackup[], going: ReadonlySet<string>): void {
  const staying = new Set(
    all
      .filter((backup) => !going.has(backup.manifest.id) && isGood(backup))
      .map((backup) => sourceKey(sourceOf(backup))),
  )
  for (const backup of found) {
    const { id, number, database } = backup.manifest
    if (backup.pinned) throw new EngineError('BACKUP_PINNED', `Backup ${number} is pinned.`, { detail: { id } })
    if (!staying.has(sourceKey(sourceOf(backup))))
      throw new EngineError('BACKUP_LAST_GOOD', `Nothing good of "${database}" would be left.`, { detail: { id } })
  }
}

/** Looks and deletes while no other process does: a delete and retention hold the same lease, also on a full storage. */
async function underForgetLease<T>(
  parts: EngineParts,
  { signal }: Running,
  work: (held: Pick<Lease, 'assertHeld'> & { signal: AbortSignal }) => Promise<T>,
): Promise<T> {
  const holder = `${hostname()}, process ${process.pid}`
  const repository = spendingReserve(await parts.repository())
  const lease = await acquireLease(repository, { name: 'forget', holder, waitMs, signal })
  let asserted: { at: number; done: Promise<void> } | undefined
  const assertHeld = () => {
    if (!asserted || performance.now() - asserted.at > assertedForMs)
      asserted = { at: performance.now(), done: lease.assertHeld() }
    return asserted.done
  }
  try {
    return await work({ assertHeld, signal: AbortSignal.any([lease.lost, ...(signal ? [signal] : [])]) })
  } catch (error) {
    throw lease.lost.aborted ? lease.lost.reason : error
  } finally {
    await lease.release()
  }
}
