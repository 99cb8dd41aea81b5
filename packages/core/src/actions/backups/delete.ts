import { z } from 'zod'
import { findBackup } from '../../engine/background/backup-history.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import { backupsNeededForUndo } from '../../engine/background/needed-for-undo.ts'
import { readStoredBackups } from '../../engine/stored-backups.ts'
import type { Reporter } from '../../events.ts'
import { deleteRefusals } from '../../policy/delete-refusals.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'
import { actionPlan } from '../plan-hash.ts'

export const deleteBackup = action({
  name: 'backups.delete',
  summary: 'Deletes a backup, or the history of a failed one. Its space comes back with the next prune.',
  permission: 'backups:delete',
  kind: 'change',
  makesRoom: true,
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    force: z.boolean().default(false).describe('Also the last good backup of its database.'),
    database: databaseLabel,
  }),
  result: z.object({
    ...{ id: z.string(), number: z.int().nullable(), status: z.string() },
    warnings: z.array(z.string()).describe('What is left of it, e.g. exported files that could not be removed.'),
  }),
  http: {
    ...{ method: 'DELETE', path: 'backups/:id/delete', alias: 'backups/:id', status: 204, otherStatus: 200 },
    statusOf: ({ warnings }: { warnings: string[] }) => (warnings.length > 0 ? 200 : 204),
  },
  command: { name: 'delete', examples: ['lifeboat delete 12', 'lifeboat delete b7k2 --yes'] },
  page: 'backup',
  confirm: 'people',
  async plan(context, { backup: reference, database, force }) {
    const { signal } = context
    const backup = await findBackup(context, reference, { database, signal })
    const stored = await readStoredBackups(await context.parts.repository(), signal)
    const { deletable } = await import('../../engine/delete-backups.ts')
    const all = stored.backups.map(deletable)
    const neededForUndo = await backupsNeededForUndo(context)
    const { id, number, name, status, checksum, created_at } = backup
    return actionPlan({
      subject: id,
      refusals: deleteRefusals({ backup, all, neededForUndo, force }),
      document: { action: 'delete', backup: { id, number, name, status, checksum, created_at } },
    })
  },
  async run(context, { database, force }, plan) {
    const { backups, parts, signal } = context
    const warnings: string[] = []
    const report: Reporter = (event) => {
      if (event.type === 'log' && event.level === 'warning') warnings.push(event.message)
      context.report?.(event)
    }
    const backup = await findBackup(context, plan?.subject ?? '', { signal })
    const { id, number, status } = backup
    if (backup.status === 'completed')
      await backups.delete(id, { database: labelOfBackup(parts, backup, database), force, signal, report })
    // Of what was never stored only the history goes.
    else await (await context.history())?.catalog.jobs.forgetSubject('backup', id)
    return { id, number, status, warnings }
  },
  facts: ({ input: { force }, plan }) => ({ ...plan?.document, force }),
})
