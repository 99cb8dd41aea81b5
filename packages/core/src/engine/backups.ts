import { log } from '../events.ts'
import type { Forecast } from '../migrations/forecast.ts'
import type { Annotation } from '../repository/documents/annotations.ts'
import type { SchemaDiff } from '../schema/diff/diff-schemas.ts'
import type { BackupComparison } from './compare-backups.ts'
import type {
  BackupDetails,
  BackupList,
  CreateBackupOptions,
  ImportBackupOptions,
  OfDatabase,
  Running,
} from './engine-type.ts'
import type { ExportOptions, ExportResult } from './export-backup.ts'
import type { EngineParts } from './parts.ts'
import { type BackupSummary, backupSummary, isUntrusted, type StoredBackup, sourceOf } from './summary.ts'
import type { VerifyOptions, VerifyReport } from './verify-backup.ts'
import { whileOpening } from './while-opening.ts'

/** Backups: made, found, verified, exported, pinned and deleted. References resolve as `resolveBackup` says. */
export interface Backups {
  /** Makes a backup; resolves once its manifest is stored, reads back and opens. */
  create(options?: CreateBackupOptions): Promise<BackupSummary>
  /**
   * Makes a backup of a file that pg_dump wrote in its custom format. It is in quarantine until `trust`: it can be shown,
   * verified and exported, and nothing of it reaches a database. No database is connected to.
   */
  import(options: ImportBackupOptions): Promise<BackupDetails>
  /**
   * Takes an imported backup out of quarantine: what its file says may be run from now on. `dataOnly`: nothing of it may be
   * run; its rows can be restored into the definitions of another backup (`schemaFrom`).
   */
  trust(
    reference: string,
    options: OfDatabase & Running & { reason: string; by?: string; dataOnly?: boolean },
  ): Promise<BackupSummary>
  /** Newest first; of one database only where its label is given. `forecast`: also what `forecast` says of each. */
  list(options?: OfDatabase & Running & { forecast?: boolean | undefined }): Promise<BackupList>
  get(reference: string, options?: OfDatabase & Running): Promise<BackupSummary>
  details(reference: string, options?: OfDatabase & Running): Promise<BackupDetails>
  /**
   * What became of the tables since a backup: their columns, rows and bytes, until another backup or, with `live`, until
   * now. Of the live database the catalogs are read and small tables counted; larger ones are estimated.
   */
  compare(before: string, after: string, options?: OfDatabase & Running): Promise<BackupComparison>
  /**
   * Everything in which the schema of a backup differs from that of another one or, with `live`, from the database as it is
   * now. Two backups are compared without any database.
   */
  schemaDiff(before: string, after: string, options?: OfDatabase & Running): Promise<SchemaDiff>
  /**
   * What would come of restoring each stored backup with the migrations that the code has now. Reads manifests alone, so
   * that a pipeline can ask before migration files are deleted.
   */
  forecast(options?: OfDatabase & Running): Promise<Forecast>
  verify(reference: string, options?: VerifyOptions & OfDatabase & Running): Promise<VerifyReport>
  export(reference: string, options?: ExportOptions & OfDatabase & Running): Promise<ExportResult>
  /** Lays the standard files beside the backup, in the option `exportDirectory`; they go when it goes. */
  exportToFolder(reference: string, options?: OfDatabase & Running): Promise<{ files: string[] }>
  pin(reference: string, pinned: boolean, options?: OfDatabase & Running & { by?: string }): Promise<BackupSummary>
  /** Says something else of a backup than its manifest; what is not given stays. */
  annotate(
    reference: string,
    changed: Annotation,
    options: OfDatabase & Running & { by: string },
  ): Promise<BackupSummary>
  /**
   * Deletes a backup and its exported files. Whether it may go is looked at under a lease that all deletes and retention
   * share: `BACKUP_PINNED`, and `BACKUP_LAST_GOOD` without `force`.
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

const loadLists = () => Promise.all([import('./stored-backups.ts'), import('./resolve-backup.ts')])

/** What each of them works with is loaded when it is first called: a host that only mounts the engine starts at once. */
export function createBackups(parts: EngineParts): Backups {
  const find = async (
    reference: string,
    options: OfDatabase & Running = {},
  ): Promise<{ found: StoredBackup; all: StoredBackup[] }> => {
    const { opening, done } = await whileOpening(parts, loadLists)
    const [{ readStoredBackups }, { resolveBackup }] = done
    const { backups } = await readStoredBackups(await opening, options.signal)
    const known = backups.map((backup) => ({
      id: backup.manifest.id,
      number: backup.manifest.number,
      trigger: backup.manifest.trigger,
      untrusted: isUntrusted(backup),
      include_media: backup.manifest.include_media,
      ...sourceOf(backup),
    }))
    const { id } = resolveBackup(
      known,
      reference,
      reference === 'latest' ? await parts.meant(options.database, known) : {},
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
      const made = await runBackup(context, {
        id: options.id,
        number: options.number,
        name:
          options.name ??
          defaultName(`${options.mediaOnly ? 'media of ' : ''}${context.database.database}`, new Date()),
        description: options.description ?? '',
        type: options.type ?? 'incremental',
        trigger: options.trigger ?? 'api',
        createdBy: options.createdBy ?? currentUser(),
        tags: options.tags ?? {},
        includeMedia: options.includeMedia === true || options.mediaOnly === true,
        mediaOnly: options.mediaOnly ?? false,
        pinned: options.pinned ?? false,
        exclude: {
          tables: options.exclude?.tables ?? settings.exclude.tables,
          schemas: options.exclude?.schemas ?? settings.exclude.schemas,
          rows: options.exclude?.rows ?? settings.exclude.rows,
        },
        lockBudgetMs: options.lockBudgetMs ?? settings.lockBudgetMs,
        waitMs: options.waitMs,
        auditHead: options.auditHead,
        signal: options.signal,
        report: options.report,
      })
      const { keepReserve } = await import('../repository/reserve.ts')
      await keepReserve(await repository, settings.reserveBytes).catch((error: unknown) =>
        log(options.report, 'warning', `No reserve could be put aside: ${String(error)}`),
      )
      return backupSummary({ ...made, pinned: options.pinned ?? false, lastVerified: null })
    },

    async import(options) {
      const { importFile } = await import('./import-file.ts')
      return importFile(parts, { createdBy: currentUser(), ...options })
    },

    async trust(reference, { reason, by = currentUser(), dataOnly = false, ...options }) {
      const { found } = await find(reference, options)
      const { trustBackup } = await import('./import-file.ts')
      return trustBackup(parts, found, { by, reason, scope: dataOnly ? 'data' : 'all' })
    },

    async list(options = {}) {
      const { opening, done } = await whileOpening(parts, loadLists)
      const [{ readStoredBackups }, { backupsOf }] = done
      const { backups, damaged, unreadable } = await readStoredBackups(await opening, options.signal)
      const summaries = backups.map(backupSummary)
      if (options.forecast) {
        const { addForecasts } = await import('./forecast.ts')
        await addForecasts(parts, summaries, backups)
      }
      if (options.database === undefined) return { backups: summaries, damaged, unreadable }
      // Asked for its errors: an unknown label.
      parts.connection(options.database)
      const { own } = backupsOf(summaries, await parts.meant(options.database, summaries))
      return { backups: own, damaged, unreadable }
    },

    async get(reference, options) {
      return backupSummary((await find(reference, options)).found)
    },

    async details(reference, options) {
      const { opening, done } = await whileOpening(parts, () => import('./backup-details.ts'))
      const { backupDetails, loadIndex } = done
      const repository = await opening
      // Beside the finding, because over a network each answer is waited for.
      const index = loadIndex(repository, options?.signal)
      index.catch(() => {})
      const { found } = await find(reference, options)
      return backupDetails(repository, found, { index: await index, signal: options?.signal })
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

    async schemaDiff(before, after, options = {}) {
      const { found } = await find(before, options)
      const repository = await parts.repository()
      const { diffBackups, diffWithDatabase } = await import('./schema-diff.ts')
      if (after === 'live') {
        const { clientTools } = parts.settings
        const { signal } = options
        return diffWithDatabase(repository, found.manifest, parts.connection(options.database), { clientTools, signal })
      }
      const other = await find(after, options)
      return diffBackups(repository, found.manifest, other.found.manifest, options.signal)
    },

    async forecast(options = {}) {
      const { opening, done } = await whileOpening(parts, () =>
        Promise.all([import('./stored-backups.ts'), import('./forecast.ts')]),
      )
      const [{ readStoredBackups }, { forecastStored }] = done
      const { backups } = await readStoredBackups(await opening, options.signal)
      const database = options.database === undefined ? undefined : parts.connection(options.database).database
      return forecastStored(
        parts,
        backups.filter(({ manifest }) => database === undefined || manifest.database === database),
      )
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
      const { setPin } = await import('../repository/documents/pins.ts')
      await setPin(await parts.repository(), found.manifest.id, pinned, { by: options?.by ?? currentUser() })
      return backupSummary({ ...found, pinned })
    },

    async annotate(reference, changed, options) {
      const { found } = await find(reference, options)
      const { annotate } = await import('../repository/documents/annotations.ts')
      const annotation = await annotate(await parts.repository(), found.manifest.id, changed, options.by)
      return backupSummary({ ...found, annotation })
    },

    async delete(reference, options = {}) {
      const { found } = await find(reference, options)
      const { deleteBackup } = await import('./delete-backups.ts')
      const { force, signal, report } = options
      return deleteBackup(parts, found.manifest.id, { force, signal, report })
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
