import { z } from 'zod'
import { backupSchema } from '../../catalog/records.ts'
import { findBackup } from '../../engine/background/backup-history.ts'
import type { CompletedBackup, UnfinishedBackup } from '../../engine/background/backup-rows.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import type { BackupDetails } from '../../engine/engine-type.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const getBackup = action({
  name: 'backups.get',
  summary: 'Shows one backup, whatever its status: with the rows per table where it is completed.',
  permission: 'backups:read',
  kind: 'read',
  subject: 'backup',
  input: z.strictObject({ backup: backupReference, database: databaseLabel }),
  result: backupSchema,
  http: { method: 'GET', path: 'backups/:id' },
  command: { name: 'show', examples: ['lifeboat show latest', 'lifeboat show 12 --json'] },
  page: 'backup',
  async run(context, { backup, database }): Promise<UnfinishedBackup | (CompletedBackup & BackupDetails)> {
    const row = await findBackup(context, backup, { database, signal: context.signal })
    if (row.status !== 'completed') return row
    const label = labelOfBackup(context.parts, row, database)
    return { ...row, ...(await context.backups.details(row.id, { database: label, signal: context.signal })) }
  },
})
