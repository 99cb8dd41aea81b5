import type { Writable } from 'node:stream'
import { z } from 'zod'
import { findCompleted } from '../../engine/background/backup-history.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import { exportName } from '../../engine/export-name.ts'
import { EngineError } from '../../errors.ts'
import { exportKind } from '../../export/export-file-name.ts'
import type { ByteRange } from '../../postgres/archive/write-archive.ts'
import { requireDatabase } from '../../repository/documents/media-only.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

/** A file that is sent while it is made: it is written when `write` is called. */
export interface SentFile {
  file_name: string
  content_type: string
  /** Of a file whose length is known before it is written, and which can be had in parts; else null. */
  parts: {
    size: number
    /** The same for the same bytes, and for no others. */
    tag: string
  } | null
  /** Writes the whole file, or where there are parts a range of it; the stream is not ended. */
  write(stream: Writable, signal?: AbortSignal, range?: ByteRange): Promise<void>
}

/** A standard file of a backup. */
export interface Download extends SentFile {
  backup_id: string
}

export const downloadBackup = action({
  name: 'backups.download',
  summary: 'Sends a standard file of the backup: pg_dump custom format, an SQL script, or the media as tar.gz.',
  permission: 'backups:download',
  kind: 'read',
  recorded: true,
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    part: z
      .enum(['database', 'media'])
      .optional()
      .describe('`media`: the media folders as tar.gz. Default: database, or what the backup holds.'),
    format: z.enum(['dump', 'sql']).default('dump').describe('A pg_dump custom-format archive, or one plain script.'),
    compression: z
      .number()
      .int()
      .min(0)
      .max(9)
      .default(6)
      .describe('gzip level inside the file; with 0 its length is known, and parts can be asked for.'),
    database: databaseLabel,
  }),
  result: z.unknown(),
  http: { method: 'GET', path: 'backups/:id/download' },
  leftOut: { command: '`lifeboat export` writes the same file.' },
  page: 'backup',
  async run(context, { backup: reference, database, part: asked, format, compression }): Promise<Download> {
    const { backups, parts, signal: opening } = context
    const backup = await findCompleted(context, reference, { database, signal: opening })
    context.about = backup.id
    const label = labelOfBackup(parts, backup, database)
    const part = asked ?? (backup.media_only ? 'media' : 'database')
    // Before anything is sent: an answer that has begun cannot become an error any more.
    if (part === 'database') requireDatabase(backup)
    if (part === 'media' && !backup.include_media)
      throw new EngineError('BACKUP_NOT_FOUND', `Backup ${backup.number} holds no media.`, {
        advice: 'Choose a backup made with media.',
      })
    const kind = exportKind(part, format)
    const { sizedDump } = await import('../../engine/background/sized-dump.ts')
    const sized = kind === 'backup' && compression === 0 ? await sizedDump(parts, backup.id, opening) : null
    return {
      backup_id: backup.id,
      file_name: exportName(parts, backup, kind),
      content_type: contentTypes[kind],
      parts: sized && { size: sized.size, tag: sized.tag },
      async write(stream, signal, range) {
        if (sized) await sized.write(stream, range)
        else
          await backups.export(backup.id, {
            database: label,
            part,
            format,
            stream,
            compressionLevel: compression,
            signal,
          })
      },
    }
  },
  facts: ({ input: { part = 'database', format } }) => ({ part, format }),
})

const contentTypes = { media: 'application/gzip', sql: 'application/sql', backup: 'application/octet-stream' } as const
