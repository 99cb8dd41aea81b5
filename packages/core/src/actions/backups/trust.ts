import { z } from 'zod'
import { backupSchema } from '../../catalog/records.ts'
import { findCompleted } from '../../engine/background/backup-history.ts'
import type { CompletedBackup } from '../../engine/background/backup-rows.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const trustBackup = action({
  name: 'backups.trust',
  summary: 'Takes an imported backup out of quarantine: a restore may run what its file says.',
  permission: 'restores:run',
  kind: 'change',
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    reason: z.string().trim().min(1).max(1000).describe('Why the file is trusted; it is kept with the backup.'),
    database: databaseLabel,
  }),
  result: backupSchema,
  http: { method: 'POST', path: 'backups/:id/trust' },
  command: { name: 'trust', examples: ['lifeboat trust 43 --reason "made by us on 2026-11-02, sha256 compared"'] },
  page: 'backup',
  async run(context, { backup, reason, database }): Promise<CompletedBackup> {
    const { backups, caller, signal } = context
    const found = await findCompleted(context, backup, { database, signal })
    context.about = found.id
    const done = await backups.trust(found.id, { reason, by: caller.actor.id, ...(signal ? { signal } : {}) })
    return { ...done, task_id: found.task_id }
  },
  facts: ({ input: { reason }, result }) => ({
    reason,
    ...(result ? { number: result.number, file_sha256: result.quarantine?.file_sha256 } : {}),
  }),
})
