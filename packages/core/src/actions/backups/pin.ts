import { z } from 'zod'
import { backupSchema } from '../../catalog/records.ts'
import { findCompleted } from '../../engine/background/backup-history.ts'
import type { CompletedBackup } from '../../engine/background/backup-rows.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import { EngineError } from '../../errors.ts'
import { isAllowed } from '../../policy/permissions.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const pinBackup = action({
  name: 'backups.pin',
  summary: 'Pins a backup, so that nothing deletes it, or takes the pin off, which needs the right to delete.',
  permission: 'backups:pin',
  kind: 'change',
  // Without its pin a backup goes with the next retention.
  danger: ({ pinned }) => (pinned ? null : 'weakens_protection'),
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    pinned: z.boolean().default(true).describe('Off: the pin is taken off.'),
    database: databaseLabel,
  }),
  result: backupSchema,
  http: { method: 'POST', path: 'backups/:id/pin' },
  command: { name: 'pin', examples: ['lifeboat pin 12', 'lifeboat pin 12 --no-pinned'] },
  page: 'backup',
  async run(context, { backup, pinned, database }): Promise<CompletedBackup> {
    const { backups, parts, caller, signal } = context
    // Without its pin a backup goes with the next retention: an actor without the permission to delete must not cause
    // that.
    if (!pinned && !isAllowed(caller.actor, 'backups:delete'))
      throw new EngineError('FORBIDDEN', 'To take a pin off needs the permission backups:delete.', {
        detail: { permission: 'backups:delete' },
      })
    const found = await findCompleted(context, backup, { database, signal })
    context.about = found.id
    const label = labelOfBackup(parts, found, database)
    const done = await backups.pin(found.id, pinned, { database: label, by: caller.actor.id })
    return { ...done, task_id: found.task_id }
  },
})
