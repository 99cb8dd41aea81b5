import { EngineError } from '../../errors.ts'
import { exportFileName, exportKind } from '../../export/export-file-name.ts'
import { newBackupId } from '../../repository/backup-id.ts'
import type { BackupOperations, BackupRow, CompletedBackup, UnfinishedBackup } from '../operations-type.ts'
import { backupRows, findBackupRow } from './backup-rows.ts'
import { type Background, labelOf, labelOfBackup } from './core.ts'
import { backupsNeededForUndo } from './needed-for-undo.ts'
import { sizedDump } from './sized-dump.ts'
import { createUnfinishedBackups } from './unfinished-backups.ts'

export function createBackupOperations(background: () => Promise<Background>): BackupOperations {
  const unfinished = createUnfinishedBackups(background)
  const operations: BackupOperations = {
    async list({ database } = {}) {
      const { backups, catalog } = await background()
      const [stored, jobs] = await Promise.all([
        backups.list({ database }),
        catalog.jobs.outline({ kinds: ['backup'], ...(database === undefined ? {} : { database }) }),
      ])
      return backupRows(stored.backups, jobs, unfinished)
    },

    async get(reference, { database } = {}) {
      const { parts } = await background()
      const rows = await operations.list()
      const isMeant = database !== undefined || reference === 'latest'
      return findBackupRow(rows, reference, isMeant ? parts.optionalConnection(database)?.database : undefined)
    },

    async details(reference, { database, signal } = {}) {
      const { backups, parts } = await background()
      const row = await operations.get(reference, { database })
      if (row.status !== 'completed') return row
      const label = labelOfBackup(parts, row, database)
      return { ...row, ...(await backups.details(row.id, { database: label, signal })) }
    },

    async compare(before, after, { database, signal } = {}) {
      const { backups, parts } = await background()
      const backup = completed(await operations.get(before, { database }))
      const other = after === 'live' ? after : completed(await operations.get(after, { database })).id
      const label = labelOfBackup(parts, backup, database)
      return backups.compare(backup.id, other, { database: label, signal })
    },

    async pin(reference, pinned, { database, by }) {
      const { backups, parts } = await background()
      const backup = completed(await operations.get(reference, { database }))
      const label = labelOfBackup(parts, backup, database)
      const { task_id } = backup
      return { ...(await backups.pin(backup.id, pinned, { database: label, by })), task_id }
    },

    async create({ database, by, trigger = 'manual', name, description, includeMedia, type, tags, pinned }) {
      const { parts, jobs } = await background()
      const label = labelOf(parts, database)
      const { claimNumber } = await import('../../repository/numbers.ts')
      const [id, number] = [newBackupId(), await claimNumber(await parts.repository())]
      const job = await jobs.add({
        kind: 'backup',
        database: label,
        writer: label,
        subjectId: id,
        trigger,
        createdBy: by,
        input: { number, name, description, include_media: includeMedia, type, tags, pinned },
      })
      return { task_id: job.id, id, number }
    },

    async verify(reference, { database, level, by, trigger = 'manual' }) {
      const { parts, jobs } = await background()
      const backup = completed(await operations.get(reference, { database }))
      const job = await jobs.add({
        kind: 'verify',
        database: labelOfBackup(parts, backup, database),
        writer: null,
        subjectId: backup.id,
        trigger,
        createdBy: by,
        input: { level },
      })
      return { task_id: job.id, id: backup.id }
    },

    async delete(reference, { database, dryRun = false }) {
      const ready = await background()
      const row = await operations.get(reference, { database })
      if (row.status !== 'completed') return deleteUnfinished(ready, row, dryRun)
      const backup: CompletedBackup = row
      const { id, number } = backup
      if (backup.pinned) throw new EngineError('BACKUP_PINNED', `Backup ${number} is pinned.`, { detail: { id } })
      if ((await backupsNeededForUndo(ready)).has(id))
        throw new EngineError('BACKUP_NEEDED_FOR_UNDO', `Backup ${number} is needed to undo a restore.`, {
          detail: { id },
        })
      if (dryRun) {
        const others = (await operations.list()).filter(
          (row) =>
            row.status === 'completed' &&
            row.id !== id &&
            row.database === backup.database &&
            row.last_verified?.ok !== false,
        )
        if (others.length === 0)
          throw new EngineError('BACKUP_LAST_GOOD', `Backup ${number} is the last good one of "${backup.database}".`, {
            detail: { id },
          })
        return backup
      }
      await ready.backups.delete(id, { database: labelOfBackup(ready.parts, backup, database) })
      return backup
    },

    async download(reference, { database, part = 'database', format = 'dump', compressionLevel, signal }) {
      const { backups, parts } = await background()
      const backup = completed(await operations.get(reference, { database }))
      const label = labelOfBackup(parts, backup, database)
      if (part === 'media' && !backup.include_media)
        throw new EngineError('BACKUP_NOT_FOUND', `Backup ${backup.number} holds no media.`, {
          advice: 'Choose a backup made with media.',
        })
      const kind = exportKind(part, format)
      const sized = kind === 'backup' && compressionLevel === 0 ? await sizedDump(parts, backup.id, signal) : null
      return {
        backup_id: backup.id,
        file_name: exportFileName(backup.app_name, kind, new Date(backup.created_at)),
        content_type:
          part === 'media' ? 'application/gzip' : format === 'sql' ? 'application/sql' : 'application/octet-stream',
        parts: sized && { size: sized.size, tag: sized.tag },
        async write(stream, signal, range) {
          if (sized) await sized.write(stream, range)
          else await backups.export(backup.id, { database: label, part, format, stream, compressionLevel, signal })
        },
      }
    },
  }
  return operations
}

/** Of what was never stored only the history goes. */
async function deleteUnfinished({ catalog }: Background, row: UnfinishedBackup, dryRun: boolean): Promise<BackupRow> {
  if (row.status === 'pending' || row.status === 'running')
    throw new EngineError('BACKUP_RUNNING', `Backup ${row.id} is ${row.status}.`, { detail: { id: row.id } })
  if (!dryRun) await catalog.jobs.forgetSubject('backup', row.id)
  return row
}

function completed(row: Awaited<ReturnType<BackupOperations['get']>>): CompletedBackup {
  if (row.status === 'completed') return row
  throw new EngineError('BACKUP_NOT_FOUND', `Backup ${row.id} is ${row.status}: there is nothing stored.`, {
    detail: { id: row.id, status_of_backup: row.status },
    advice: 'Wait for it to be completed, or choose another one.',
  })
}
