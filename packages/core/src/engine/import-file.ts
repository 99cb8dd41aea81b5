import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { EngineError } from '../errors.ts'
import { importArchive } from '../import/import-archive.ts'
import { invalid } from '../postgres/archive/byte-reader.ts'
import { setTrust, type TrustScope } from '../repository/documents/trust.ts'
import { backupDetails, loadIndex } from './backup-details.ts'
import type { BackupDetails, ImportBackupOptions } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import { type BackupSummary, backupSummary, type StoredBackup } from './summary.ts'

/** What `Backups.import` does. */
export async function importFile(
  parts: EngineParts,
  options: ImportBackupOptions & { createdBy: string },
): Promise<BackupDetails> {
  const { file, stream, signal, report, sha256, createdBy } = options
  if ((file === undefined) === (stream === undefined))
    throw new EngineError('USAGE', 'An import takes either a file or a stream.')
  const repository = await parts.repository()
  const source = stream ?? (await openFile(file as string))
  const { packBytes } = parts.settings.resources
  const made = await importArchive(repository, source, {
    name: options.name ?? (file === undefined ? 'imported' : basename(file)),
    description: options.description ?? '',
    tags: options.tags ?? {},
    pinned: options.pinned ?? false,
    app: { name: await parts.applicationName() },
    compressionLevel: parts.settings.compressionLevel,
    ...{ createdBy, sha256, packBytes, signal, report },
  })
  const stored = { ...made, storedAt: new Date(), pinned: options.pinned ?? false, lastVerified: null, readable: true }
  return backupDetails(repository, stored, { index: await loadIndex(repository, signal), signal })
}

/** What `Backups.trust` does. */
export async function trustBackup(
  parts: EngineParts,
  found: StoredBackup,
  how: { by: string; reason: string; scope: TrustScope },
): Promise<BackupSummary> {
  const { manifest } = found
  if (!manifest.quarantine)
    throw new EngineError('INVALID', `Backup ${manifest.number} was not imported from a file: it is in no quarantine.`)
  const trust = await setTrust(await parts.repository(), manifest, how)
  return backupSummary({ ...found, trust })
}

/** Opened before anything else is done, so that a wrong path says so. */
async function openFile(path: string) {
  const handle = await open(path).catch((error: Error) => {
    throw new EngineError('USAGE', `The file cannot be read: ${error.message}.`, { cause: error })
  })
  if ((await handle.stat()).isDirectory()) {
    await handle.close()
    throw invalid(
      'it is a folder; one in the directory format can be loaded into an empty database with pg_restore, and that dumped with `pg_dump -Fc`',
    )
  }
  return handle.createReadStream({ highWaterMark: 256 * 1024 })
}
