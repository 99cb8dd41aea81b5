import { z } from 'zod'
import { recordUndo } from '../../engine/background/restore-record.ts'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'
import { actionPlan } from '../plan-hash.ts'

export const undoMedia = action({
  name: 'restores.undoMedia',
  summary:
    'Puts back the media folders that a restore of media alone replaced, all or none. What is there now is kept in its turn.',
  permission: 'restores:run',
  kind: 'change',
  input: z.strictObject({ restore: z.string().max(100).describe('Id of the restore.'), database: databaseLabel }),
  result: z.object({
    media: z
      .array(z.object({ folder: z.string(), kept: z.string().nullable() }))
      .describe('The media folders that were put back, and where what was in them until now is kept.'),
    undone: z.boolean().describe('Whether what was before the restore is in place now; false: the restored media are.'),
  }),
  http: { method: 'POST', path: 'restores/kept-media/undo' },
  command: { name: 'undo-media', examples: ['lifeboat undo-media --restore r0123456789abcde'] },
  page: 'restore',
  async plan({ restores, signal }, { restore, database }) {
    const kept = (await restores.keptMedia({ database, signal })).filter(({ restore_id }) => restore_id === restore)
    const folders = kept.map(({ folder, kept_folder }) => ({ folder, kept_folder }))
    return actionPlan({ subject: restore, document: { action: 'undo-media', restore, folders } })
  },
  async run(context, { restore, database }) {
    const done = await context.restores.undoMedia(restore, { database, signal: context.signal, report: context.report })
    await recordUndo(context, restore, done.undone)
    return done
  },
  facts: ({ input, result }) => ({ ...input, ...result }),
})
