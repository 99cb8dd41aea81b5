import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { EngineSettings } from '../config.ts'
import { log } from '../events.ts'
import { backupIdSchema, type Manifest } from '../repository/documents/documents.ts'
import type { Running } from './engine-type.ts'
import { exportBackup } from './export-backup.ts'
import { exportName } from './export-name.ts'
import type { EngineParts } from './parts.ts'
import { repositoryFolder } from './repository-folder.ts'

/** Where the standard files of backups are laid: the option, else `exports` in the repository's folder. */
export function exportFolder(settings: EngineSettings): string {
  if (settings.exportDirectory !== undefined) return resolve(settings.exportDirectory)
  return join(repositoryFolder(settings) ?? resolve('.lifeboat'), 'exports')
}

/**
 * Lays the standard files of a backup into a folder of its own, named by its id and readable by the owner alone: the
 * dump, and the media where it has some, each with its SHA-256 in a file that `sha256sum --check` reads. Gives the paths of
 * dump and media. A file that is there already, from an attempt before, is whole and stays.
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
    if (part === 'media' ? manifest.media.length === 0 : manifest.media_only) continue
    const kind = part === 'media' ? 'media' : 'backup'
    const file = join(folder, exportName(parts, manifest, kind))
    if (!(await exists(file))) await exportBackup(parts, manifest, { part, file, ...running })
    if (!(await exists(checksumOf(file)))) await writeChecksum(file)
    files.push(file)
  }
  return { files }
}

/**
 * The standard files go with their backup. Where they cannot be removed (another user's, a file system that is read-only) the
 * backup is gone all the same and a warning names them: they must keep neither it nor those after it.
 */
export async function removeExported(
  settings: EngineSettings,
  id: string,
  { report }: Pick<Running, 'report'>,
): Promise<void> {
  const folder = folderOf(settings, id)
  try {
    await rm(folder, { recursive: true, force: true })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    log(
      report,
      'warning',
      `The exported files of backup ${id}, which is deleted, are still in ${folder}: ${why}. Remove that folder by hand.`,
      { id },
    )
  }
}

/** An id comes out of a manifest: only one of the right form gets near a path. */
function folderOf(settings: EngineSettings, id: string): string {
  return join(exportFolder(settings), backupIdSchema.parse(id))
}

const checksumOf = (file: string) => `${file}.sha256`

/** By what lies on the disk: a file of an attempt before is hashed too. */
async function writeChecksum(file: string): Promise<void> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer)
  await writeFile(checksumOf(file), `${hash.digest('hex')}  ${basename(file)}\n`, { mode: 0o600 })
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
