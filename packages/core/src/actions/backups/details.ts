import { z } from 'zod'
import { backupSchema } from '../../catalog/records.ts'
import { findCompleted } from '../../engine/background/backup-history.ts'
import type { CompletedBackup } from '../../engine/background/backup-rows.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import type { BackupDetails } from '../../engine/engine-type.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const backupDetails = action({
  name: 'backups.details',
  summary: 'Shows one completed backup with everything it holds, table by table.',
  permission: 'backups:read',
  kind: 'read',
  subject: 'backup',
  input: z.strictObject({ backup: backupReference, database: databaseLabel }),
  result: backupSchema,
  leftOut: {
    http: 'GET backups/:id shows the same of a completed backup.',
    command: '`lifeboat show` shows the same of a completed backup.',
    pages: 'The page of a backup shows the same.',
  },
  async run(context, { backup, database }): Promise<CompletedBackup & BackupDetails> {
    const row = await findCompleted(context, backup, { database, signal: context.signal })
    const label = labelOfBackup(context.parts, row, database)
    return { ...row, ...(await context.backups.details(row.id, { database: label, signal: context.signal })) }
  },
})
