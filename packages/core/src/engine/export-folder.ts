import { access, mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { EngineSettings } from '../config.ts'
import { exportFileName } from '../export/export-file-name.ts'
import { backupIdSchema, type Manifest } from '../repository/documents.ts'
import type { Running } from './engine-type.ts'
import { exportBackup } from './export-backup.ts'
import type { EngineParts } from './parts.ts'
import { repositoryFolder } from './repository-folder.ts'

/** Where the standard files of backups are laid: the option, else `exports` in the repository's folder. */
export function exportFolder(settings: EngineSettings): string {
  if (settings.exportDirectory !== undefined) return resolve(settings.exportDirectory)
  return join(repositoryFolder(settings) ?? resolve('.lifeboat'), 'exports')
}

/**
 * Lays the standard files of a backup into a folder of its own, named by its id and readable by the owner alone: the
 * dump, and the media where it has some. Gives their paths. A file that is there already, from an attempt before, is
 * whole and stays.
 */
export async function exportToFolder(
  parts: EngineParts,
  manifest: Manifest,
  running: Running,
): Promise<{ files: string[] }> {
  const folder = folderOf(parts.settings, manifest.id)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const files: string[] = []
  for (const part of ['database', 'media'] as const) {
    if (part === 'media' && manifest.media.length === 0) continue
    const kind = part === 'media' ? 'media' : 'backup'
    const file = join(folder, exportFileName(manifest.app_name, kind, new Date(manifest.created_at)))
    if (!(await exists(file))) await exportBackup(parts, manifest, { part, file, ...running })
    files.push(file)
  }
  return { files }
}

/** The standard files go with their backup. */
export async function removeExported(settings: EngineSettings, id: string): Promise<void> {
  await rm(folderOf(settings, id), { recursive: true, force: true })
}

/** An id comes out of a manifest: only one of the right form gets near a path. */
function folderOf(settings: EngineSettings, id: string): string {
  return join(exportFolder(settings), backupIdSchema.parse(id))
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
