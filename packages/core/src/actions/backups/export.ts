import { Writable } from 'node:stream'
import { z } from 'zod'
import { exportSchema } from '../../catalog/records.ts'
import { findCompleted } from '../../engine/background/backup-history.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel, local } from '../inputs.ts'

export const exportBackup = action({
  name: 'backups.export',
  summary: 'Writes a backup as a standard file: a pg_dump archive, an SQL script, or the media as tar.gz.',
  permission: 'backups:download',
  kind: 'read',
  recorded: true,
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    part: z.enum(['database', 'media']).optional().describe('`media`: the media folders as tar.gz.'),
    format: z.enum(['dump', 'sql']).optional().describe('A pg_dump custom-format archive, or one plain script.'),
    compressionLevel: z.number().int().min(0).max(9).optional().describe('gzip level inside the file. Default: 6.'),
    file: local(z.string().min(1).optional().describe('Where to write. Default: the usual file name, here.')),
    stream: local(
      z
        .custom<Writable>((value) => value instanceof Writable)
        .optional()
        .describe('A stream to write to; it is not ended.'),
    ),
    database: databaseLabel,
  }),
  result: exportSchema,
  command: {
    name: 'export',
    examples: ['lifeboat export latest --output app.dump', 'lifeboat export 12 --output - | gzip'],
  },
  leftOut: {
    http: 'GET backups/:id/download sends the same file.',
    pages: 'Download does the same.',
  },
  async run(context, { backup, database, ...options }) {
    const { signal, report } = context
    const found = await findCompleted(context, backup, { database, signal })
    context.about = found.id
    return context.backups.export(found.id, { ...options, database, signal, report })
  },
  facts: ({ input: { backup, part = 'database', format = 'dump', file }, result }) => ({
    ...{ backup, part, format },
    ...(file === undefined ? {} : { file }),
    ...(result ? { bytes: result.bytes, sha256: result.sha256 } : {}),
  }),
})
