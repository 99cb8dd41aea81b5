import { decideRetention, type RetentionBackup } from '../../policy/retention.ts'
import type { MaintenanceOperations, RetentionPreview } from '../operations-type.ts'
import { type Background, labelOf } from './core.ts'
import { backupsNeededForUndo } from './needed-for-undo.ts'
import { retentionPolicyOf } from './run-time-settings.ts'
import { createRepairOperations } from './upkeep.ts'

export function createMaintenanceOperations(background: () => Promise<Background>): MaintenanceOperations {
  return {
    async prune({ by, trigger = 'manual' }) {
      const { jobs, parts } = await background()
      const database = parts.labels()[0] ?? 'default'
      // The repository is one, whatever the databases: one prune at a time, beside backups.
      const writer = '.prune'
      const job = await jobs.add({ kind: 'prune', database, writer, trigger, createdBy: by, input: {} })
      return { task_id: job.id }
    },
    async forget({ database, by, trigger = 'manual' }) {
      const { jobs, parts } = await background()
      const label = labelOf(parts, database)
      const job = await jobs.add({
        kind: 'forget',
        database: label,
        writer: '.prune',
        trigger,
        createdBy: by,
        input: {},
      })
      return { task_id: job.id }
    },
    preview: async (options) => previewRetention(await background(), options),
    ...createRepairOperations(background),
  }
}

/** What retention would do now with each stored backup. */
export async function previewRetention(
  background: Background,
  options: Parameters<MaintenanceOperations['preview']>[0] = {},
): Promise<RetentionPreview> {
  const { backups, config } = background
  const [{ backups: stored }, needed, settings] = await Promise.all([
    backups.list(options.database === undefined ? {} : { database: options.database }),
    backupsNeededForUndo(background),
    config.read(),
  ])
  const policy = { ...retentionPolicyOf(settings), ...options.policy }
  const judged = stored.map(
    (backup): RetentionBackup => ({
      id: backup.id,
      database: backup.database,
      createdAt: new Date(backup.created_at),
      good: backup.last_verified?.ok !== false,
      pinned: backup.pinned,
      neededForUndo: needed.has(backup.id),
      safety: backup.trigger === 'pre_restore',
    }),
  )
  const decisions = decideRetention(judged, policy, new Date()).map((decision, index) => {
    const { number, name, created_at, database } = stored[index] as (typeof stored)[number]
    return { ...decision, number, name, created_at, database }
  })
  return { policy, decisions }
}
