import { EngineError } from '../../errors.ts'
import type { BackupList } from '../engine-type.ts'
import type { MeantDatabase } from '../resolve-backup.ts'
import { type BackupRow, backupRows, type CompletedBackup, findBackupRow } from './backup-rows.ts'
import type { Background, EngineCore } from './core.ts'

type Ready = EngineCore & { history(): Promise<Background | null> }

/** Backups of every status, newest first: completed ones from the repository, the others from their jobs. */
export async function listBackups(
  ready: Ready,
  {
    database,
    forecast,
    signal,
  }: { database?: string | undefined; forecast?: boolean | undefined; signal?: AbortSignal | undefined } = {},
): Promise<{ rows: BackupRow[] } & Pick<BackupList, 'damaged' | 'unreadable'>> {
  const [stored, history] = await Promise.all([ready.backups.list({ database, forecast, signal }), ready.history()])
  const jobs = history
    ? await history.catalog.jobs.outline({ kinds: ['backup'], ...(database === undefined ? {} : { database }) })
    : []
  const unfinished = history?.unfinished ?? (async () => [])
  return {
    rows: await backupRows(stored.backups, jobs, unfinished),
    damaged: stored.damaged,
    unreadable: stored.unreadable,
  }
}

/** The one backup, of whatever status, that a reference means. */
export async function findBackup(
  ready: Ready,
  reference: string,
  {
    database,
    signal,
    holding,
  }: { database?: string | undefined; signal?: AbortSignal | undefined } & Pick<MeantDatabase, 'holding'> = {},
): Promise<BackupRow> {
  const { rows } = await listBackups(ready, { signal })
  const isMeant = database !== undefined || reference === 'latest'
  const meant = isMeant ? await ready.parts.meant(database, rows) : {}
  return findBackupRow(rows, reference, holding === undefined ? meant : { ...meant, holding })
}

/** The same, where only a completed one will do. `BACKUP_NOT_FOUND`. */
export async function findCompleted(
  ready: Ready,
  reference: string,
  options: { database?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<CompletedBackup> {
  return requireCompleted(await findBackup(ready, reference, options))
}

export function requireCompleted(row: BackupRow): CompletedBackup {
  if (row.status === 'completed') return row
  throw new EngineError('BACKUP_NOT_FOUND', `Backup ${row.id} is ${row.status}: there is nothing stored.`, {
    detail: { id: row.id, status_of_backup: row.status },
    advice: 'Wait for it to be completed, or choose another one.',
  })
}
