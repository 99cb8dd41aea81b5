import type { BackupContext } from '../backup/backup-context.ts'
import { runBackup } from '../backup/run-backup.ts'
import { EngineError, isEngineError } from '../errors.ts'
import { withDatabase } from '../postgres/connection.ts'
import type { RestoreContext, Running } from './options.ts'

export const safetyBackupName = 'Pre-restore safety backup'

/**
 * Backs up what is about to be replaced, with the media folders that the restore replaces. Throws
 * `SAFETY_BACKUP_FAILED`; nothing has been touched then.
 */
export async function makeSafetyBackup(
  context: RestoreContext,
  target: { database: string; restoreId: string; backupId: string; media: BackupContext['media']; mediaOnly: boolean },
  { signal, report }: Running,
): Promise<string> {
  try {
    const { manifest } = await runBackup(
      {
        ...context,
        database: withDatabase(context.database, target.database),
        media: target.media,
        // A user waits for the restore: no pauses of minutes between attempts.
        resources: { ...context.resources, retryDelaysMs: [1000, 5000, 15_000] },
      },
      {
        name: safetyBackupName,
        description: `Made before restore ${target.restoreId} of backup ${target.backupId}.`,
        type: 'incremental',
        trigger: 'pre_restore',
        createdBy: 'restore',
        tags: { restore: target.restoreId },
        includeMedia: target.media.length > 0,
        mediaOnly: target.mediaOnly,
        pinned: false,
        exclude: { tables: [], schemas: [], rows: [] },
        lockBudgetMs: 3000,
        signal,
        report,
      },
    )
    return manifest.id
  } catch (error) {
    if (isEngineError(error, 'ABORTED')) throw error
    const why = error instanceof Error ? error.message : String(error)
    throw new EngineError('SAFETY_BACKUP_FAILED', `The safety backup failed: ${why}`, {
      cause: error,
      ...(isEngineError(error) ? { detail: { code: error.code, advice: error.advice } } : {}),
    })
  }
}
