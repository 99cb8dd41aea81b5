import { resolve } from 'node:path'
import type { Writable } from 'node:stream'
import { exportDump } from '../export/export-dump.ts'
import { exportKind } from '../export/export-file-name.ts'
import { exportMedia } from '../export/export-media.ts'
import { exportSql } from '../export/export-sql.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import type { Running } from './engine-type.ts'
import { exportName } from './export-name.ts'
import type { EngineParts } from './parts.ts'

export interface ExportOptions {
  /** `database`, or `media`: a tar.gz. Default: the database, or what the backup holds. */
  part?: 'database' | 'media'
  /** Of the database: `dump` (default), a pg_dump custom-format archive, or `sql`, one plain script. */
  format?: 'dump' | 'sql'
  /** Where to write: a path, or a stream (not ended by us). Default: the usual file name in the current folder. */
  file?: string
  stream?: Writable
  /** gzip level 0 to 9. Default 6. */
  compressionLevel?: number
}

export interface ExportResult {
  /** The usual name of such a file: `<app>_backup_YYYYMMDD_HHMMSS.dump`. */
  file_name: string
  /** Absolute path of what was written, null for a stream. */
  file: string | null
  bytes: number
  sha256: string
}

/** Writes a backup, or its media, as a standard file that needs no Lifeboat to be read. */
export async function exportBackup(
  parts: EngineParts,
  manifest: Manifest,
  options: ExportOptions & Running,
): Promise<ExportResult> {
  const {
    part = manifest.media_only ? 'media' : 'database',
    format = 'dump',
    stream,
    compressionLevel,
    signal,
    report,
  } = options
  const fileName = exportName(parts, manifest, exportKind(part, format))
  const file = stream ? null : resolve(options.file ?? fileName)
  const output = stream ? { stream } : { file: file as string }
  const write = writers[exportKind(part, format)]
  const result = await write(
    { repository: await parts.repository() },
    { manifest, output, compressionLevel, signal, report },
  )
  return { file_name: fileName, file, ...result }
}

const writers = { backup: exportDump, sql: exportSql, media: exportMedia }
