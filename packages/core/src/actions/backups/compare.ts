import { z } from 'zod'
import { comparisonSchema } from '../../catalog/records.ts'
import { findCompleted } from '../../engine/background/backup-history.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const compareBackups = action({
  name: 'backups.compare',
  summary: 'Shows what became of the tables since a backup: columns, rows and bytes, until another one or until now.',
  permission: 'backups:read',
  kind: 'read',
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    with: z.string().min(1).max(200).describe('`live`, or another backup: number, id, its beginning, `latest`.'),
    database: databaseLabel,
  }),
  result: comparisonSchema,
  http: { method: 'GET', path: 'backups/:id/compare' },
  command: { name: 'compare', examples: ['lifeboat compare 11 12', 'lifeboat compare latest live'] },
  page: 'backup',
  async run(context, asked) {
    const { signal, parts } = context
    const { database } = asked
    const backup = await findCompleted(context, asked.backup, { database, signal })
    const other =
      asked.with === 'live' ? asked.with : (await findCompleted(context, asked.with, { database, signal })).id
    return context.backups.compare(backup.id, other, { database: labelOfBackup(parts, backup, database), signal })
  },
})
