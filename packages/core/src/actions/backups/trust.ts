import { z } from 'zod'
import { backupSchema } from '../../catalog/records.ts'
import { findCompleted } from '../../engine/background/backup-history.ts'
import type { CompletedBackup } from '../../engine/background/backup-rows.ts'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const trustBackup = action({
  name: 'backups.trust',
  summary: 'Takes an imported backup out of quarantine: a restore may run what its file says, or load its rows alone.',
  permission: 'restores:run',
  kind: 'change',
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    dataOnly: z
      .boolean()
      .default(false)
      .describe('Its rows alone are trusted: they can be restored into the definitions of another backup.'),
    all: z.boolean().default(false).describe('Everything is trusted. That is the default.'),
    reason: z.string().trim().min(1).max(1000).describe('Why the file is trusted; it is kept with the backup.'),
    database: databaseLabel,
  }),
  result: backupSchema,
  http: { method: 'POST', path: 'backups/:id/trust' },
  command: {
    name: 'trust',
    examples: [
      'lifeboat trust 43 --reason "made by us on 2026-11-02, sha256 compared"',
      'lifeboat trust 43 --data-only --reason "from a customer: its rows, nothing that runs"',
    ],
  },
  page: 'backup',
  async run(context, { backup, dataOnly, all, reason, database }): Promise<CompletedBackup> {
    if (dataOnly && all) throw new EngineError('INVALID', 'Either all of it is trusted or its rows alone, not both.')
    const { backups, caller, signal } = context
    const found = await findCompleted(context, backup, { database, signal })
    context.about = found.id
    const done = await backups.trust(found.id, { reason, dataOnly, by: caller.actor.id, ...(signal ? { signal } : {}) })
    return { ...done, task_id: found.task_id }
  },
  facts: ({ input: { reason, dataOnly }, result }) => ({
    reason,
    scope: dataOnly ? 'data' : 'all',
    ...(result ? { number: result.number, file_sha256: result.quarantine?.file_sha256 } : {}),
  }),
})
