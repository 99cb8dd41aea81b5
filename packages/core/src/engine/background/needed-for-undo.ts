import type { Background, EngineCore } from './core.ts'
import { listRestores } from './restore-history.ts'

/**
 * Ids of the backups an undo stands on: what kept databases were restored from, their safety backups, and those of rewinds
 * that can be undone. The servers are asked; where one does not answer, every safety backup of its database counts as needed.
 */
export async function backupsNeededForUndo(
  core: EngineCore & { history(): Promise<Background | null> },
): Promise<Set<string>> {
  const { parts, restores, backups, rows } = core
  const needed = new Set<string>()
  const need = ({ backup_id, safety_backup_id }: { backup_id: string; safety_backup_id: string | null }) => {
    needed.add(backup_id)
    if (safety_backup_id) needed.add(safety_backup_id)
  }
  for (const { safety_backup, undo_until } of await rows.kept({}))
    if (safety_backup !== null && (undo_until === null || Date.parse(undo_until) > Date.now()))
      needed.add(safety_backup)
  const history = await core.history()
  for (const restore of history ? await listRestores(history) : [])
    if (restore.status === 'running' || restore.kept_database !== null) need(restore)
  for (const label of parts.labels()) {
    try {
      for (const kept of await restores.kept({ database: label })) need(kept)
    } catch {
      const { backups: stored } = await backups.list({ database: label })
      for (const { id, trigger } of stored) if (trigger === 'pre_restore') needed.add(id)
    }
  }
  return needed
}
