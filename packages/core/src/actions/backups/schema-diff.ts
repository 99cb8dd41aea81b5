import { z } from 'zod'
import { findCompleted } from '../../engine/background/backup-history.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const schemaDiff = action({
  name: 'backups.schemaDiff',
  summary: 'Shows what differs between the schema of a backup and that of another backup, or of the live database.',
  permission: 'backups:read',
  kind: 'read',
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    with: z
      .string()
      .min(1)
      .max(200)
      .default('live')
      .describe('`live`, or another backup: number, id, its beginning, `latest`.'),
    database: databaseLabel,
  }),
  result: z
    .looseObject({
      same: z.boolean(),
      counts: z.record(z.string(), z.int()),
      changes: z.array(z.looseObject({ object: z.string() })),
    })
    .meta({ id: 'schema_diff' }),
  http: { method: 'GET', path: 'backups/:id/schema-diff' },
  command: {
    name: 'schema-diff',
    examples: ['lifeboat schema-diff latest', 'lifeboat schema-diff 11 --with 12 --json'],
  },
  page: 'backup',
  async run(context, asked) {
    const { signal, parts } = context
    const { database } = asked
    const backup = await findCompleted(context, asked.backup, { database, signal })
    const other =
      asked.with === 'live' ? asked.with : (await findCompleted(context, asked.with, { database, signal })).id
    return context.backups.schemaDiff(backup.id, other, { database: labelOfBackup(parts, backup, database), signal })
  },
})
