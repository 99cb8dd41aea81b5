import type { Background } from './core.ts'
import { settleRestores } from './settle-restores.ts'

/**
 * Ids of the backups an undo stands on: what kept databases were restored from, and their safety backups. Where a
 * server cannot be asked for its kept databases, every safety backup counts as needed.
 */
export async function backupsNeededForUndo(background: Background): Promise<Set<string>> {
  const { parts, restores, backups, catalog } = background
  const needed = new Set<string>()
  const now = new Date().toISOString()
  await settleRestores(background)
  for (const restore of await catalog.restores.list({ statuses: ['succeeded', 'running'] })) {
    const isOpen =
      restore.status === 'running' ||
      (restore.kept_database !== null && (restore.undo_until === null || restore.undo_until > now))
    if (!isOpen) continue
    needed.add(restore.backup_id)
    if (restore.safety_backup_id) needed.add(restore.safety_backup_id)
  }
  for (const label of parts.labels()) {
    try {
      for (const kept of await restores.kept({ database: label })) {
        needed.add(kept.backup_id)
        if (kept.safety_backup_id) needed.add(kept.safety_backup_id)
      }
    } catch {
      const { backups: stored } = await backups.list({ database: label })
      for (const { id, trigger } of stored) if (trigger === 'pre_restore') needed.add(id)
    }
  }
  return needed
}
