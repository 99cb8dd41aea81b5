import { EngineError } from '../errors.ts'
import type { BackupComparison } from './compare-backups.ts'
import type { BackupDetails, BackupList, CreateBackupOptions, OfDatabase, Running } from './engine-type.ts'
import type { ExportOptions, ExportResult } from './export-backup.ts'
import type { EngineParts } from './parts.ts'
import { type BackupSummary, backupSummary, type StoredBackup } from './summary.ts'
import type { VerifyOptions, VerifyReport } from './verify-backup.ts'
import { whileOpening } from './while-opening.ts'

/** Backups: made, found, verified, exported, pinned and deleted. References resolve as `resolveBackup` says. */
export interface Backups {
  /** Makes a backup; resolves once its manifest is stored, reads back and opens. */
  create(options?: CreateBackupOptions): Promise<BackupSummary>
  /** Newest first; of one database only where its label is given. */
  list(options?: OfDatabase & Running): Promise<BackupList>
  get(reference: string, options?: OfDatabase & Running): Promise<BackupSummary>
  details(reference: string, options?: OfDatabase & Running): Promise<BackupDetails>
  /**
   * What became of the tables since a backup: their columns, rows and bytes, until another backup or, with `live`, until
   * now. Of the live database the catalogs are read and small tables counted; larger ones are estimated.
   */
  compare(before: string, after: string, options?: OfDatabase & Running): Promise<BackupComparison>
  verify(reference: string, options?: VerifyOptions & OfDatabase & Running): Promise<VerifyReport>
  export(reference: string, options?: ExportOptions & OfDatabase & Running): Promise<ExportResult>
  /** Lays the standard files beside the backup, in the option `exportDirectory`; they go when it goes. */
  exportToFolder(reference: string, options?: OfDatabase & Running): Promise<{ files: string[] }>
  pin(reference: string, pinned: boolean, options?: OfDatabase & Running & { by?: string }): Promise<BackupSummary>
  /**
   * Deletes a backup; its space comes back with the next prune. `BACKUP_PINNED` where it is pinned, `BACKUP_LAST_GOOD`
   * for the last one of its database unless `force` is set.
   */
  delete(reference: string, options?: OfDatabase & Running & { force?: boolean }): Promise<BackupSummary>
  /**
   * Deletes many, by their whole ids: what retention lets go. One that is gone already, or that an
   * object lock holds, is passed over; a pinned one, or
   * nothing good of a database staying, ends it with the errors of `delete`, what was deleted before being deleted.
   */
  deleteAll(
    ids: readonly string[],
    options?: Running & { onDeleted?: (backup: BackupSummary) => void },
  ): Promise<BackupSummary[]>
}

/** What each of them works with is loaded when it is first called: a host that only mounts the engine starts at once. */
export function createBackups(parts: EngineParts): Backups {
  const find = async (
    reference: string,
    options: OfDatabase & Running = {},
  ): Promise<{ found: StoredBackup; all: StoredBackup[] }> => {
    const { opening, done } = await whileOpening(parts, () =>
      Promise.all([import('./stored-backups.ts'), import('./resolve-backup.ts')]),
    )
    const [{ readStoredBackups }, { resolveBackup }] = done
    const { backups } = await readStoredBackups(await opening, options.signal)
    const database = parts.optionalConnection(options.database)?.database
    const { id } = resolveBackup(
      backups.map(({ manifest }) => manifest),
      reference,
      database,
    )
    return { found: backups.find(({ manifest }) => manifest.id === id) as StoredBackup, all: backups }
  }

  return {
    async create(options = {}) {
      // The repository may go on opening while the source is looked at.
      const { opening: repository, done } = await whileOpening(parts, () =>
        Promise.all([import('../backup/run-backup.ts'), parts.sourceContext(options.database)]),
      )
      const [{ runBackup }, found] = done
      const level = options.compressionLevel ?? found.resources.compressionLevel
      const context = { ...found, repository, resources: { ...found.resources, compressionLevel: level } }
      const { settings } = parts
      const { manifest, checksum } = await runBackup(context, {
        id: options.id,
        number: options.number,
        name: options.name ?? defaultName(context.database.database, new Date()),
        description: options.description ?? '',
        type: options.type ?? 'incremental',
        trigger: options.trigger ?? 'api',
        createdBy: options.createdBy ?? currentUser(),
        tags: options.tags ?? {},
        includeMedia: options.includeMedia ?? false,
        pinned: options.pinned ?? false,
        exclude: {
          tables: options.exclude?.tables ?? settings.exclude.tables,
          schemas: options.exclude?.schemas ?? settings.exclude.schemas,
          rows: options.exclude?.rows ?? settings.exclude.rows,
        },
        lockBudgetMs: options.lockBudgetMs ?? settings.lockBudgetMs,
        waitMs: options.waitMs,
        signal: options.signal,
        report: options.report,
      })
      return backupSummary({ manifest, checksum, pinned: options.pinned ?? false, lastVerified: null })
    },

    async list(options = {}) {
      const { opening, done } = await whileOpening(parts, () => import('./stored-backups.ts'))
      const { backups, damaged } = await done.readStoredBackups(await opening, options.signal)
      const database = options.database === undefined ? undefined : parts.connection(options.database).database
      const wanted = backups.filter(({ manifest }) => database === undefined || manifest.database === database)
      return { backups: wanted.map(backupSummary), damaged }
    },

    async get(reference, options) {
      return backupSummary((await find(reference, options)).found)
    },

    async details(reference, options) {
      const { found } = await find(reference, options)
      const { backupDetails } = await import('./backup-details.ts')
      return backupDetails(await parts.repository(), found, options?.signal)
    },

    async compare(before, after, options = {}) {
      const { found } = await find(before, options)
      const repository = await parts.repository()
      const { compareWithBackup, compareWithLive } = await import('./compare-backups.ts')
      if (after === 'live')
        return compareWithLive(repository, found.manifest, parts.connection(options.database), options.signal)
      const other = await find(after, options)
      return compareWithBackup(repository, found.manifest, other.found.manifest, options.signal)
    },

    async verify(reference, options = {}) {
      const { found } = await find(reference, options)
      const { verifyStoredBackup } = await import('./verify-backup.ts')
      return verifyStoredBackup(parts, found, options)
    },

    async export(reference, options = {}) {
      const { found } = await find(reference, options)
      const { exportBackup } = await import('./export-backup.ts')
      return exportBackup(parts, found.manifest, options)
    },

    async exportToFolder(reference, options = {}) {
      const { found } = await find(reference, options)
      const { exportToFolder } = await import('./export-folder.ts')
      return exportToFolder(parts, found.manifest, options)
    },

    async pin(reference, pinned, options) {
      const { found } = await find(reference, options)
      const { setPin } = await import('../repository/pins.ts')
      await setPin(await parts.repository(), found.manifest.id, pinned, { by: options?.by ?? currentUser() })
      return backupSummary({ ...found, pinned })
    },

    async delete(reference, options) {
      const { found, all } = await find(reference, options)
      const { id, number, database } = found.manifest
      if (found.pinned) throw new EngineError('BACKUP_PINNED', `Backup ${number} is pinned.`, { detail: { id } })
      const others = all.filter(
        ({ manifest, lastVerified }) =>
          manifest.id !== id && manifest.database === database && lastVerified?.ok !== false,
      )
      if (others.length === 0 && !options?.force) {
        throw new EngineError('BACKUP_LAST_GOOD', `Backup ${number} is the last good one of "${database}".`, {
          detail: { id },
          advice: 'Make another one first, or delete it with --force.',
        })
      }
      const [{ deleteManifest }, { removeExported }] = await Promise.all([
        import('../repository/manifests.ts'),
        import('./export-folder.ts'),
      ])
      await deleteManifest(await parts.repository(), id, { signal: options?.signal })
      await removeExported(parts.settings, id)
      return backupSummary(found)
    },

    async deleteAll(ids, options = {}) {
      const { deleteBackups } = await import('./delete-backups.ts')
      return deleteBackups(parts, ids, options)
    },
  }
}

function defaultName(database: string, now: Date): string {
  return `${database} ${now.toISOString().slice(0, 16).replace('T', ' ')}`
}

function currentUser(): string {
  return process.env.USER ?? process.env.LOGNAME ?? (process.getuid?.() === 0 ? 'root' : 'unknown')
}
