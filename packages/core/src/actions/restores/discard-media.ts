import { z } from 'zod'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'
import { actionPlan } from '../plan-hash.ts'

export const discardMedia = action({
  name: 'restores.discardMedia',
  summary:
    'Removes the media folders that an in-place restore, or one of media alone, keeps; those of others go with their database.',
  permission: 'restores:run',
  kind: 'change',
  danger: 'deletes',
  input: z.strictObject({ restore: z.string().max(100).describe('Id of the restore.'), database: databaseLabel }),
  result: z.object({ removed: z.array(z.string()) }),
  http: { method: 'POST', path: 'restores/kept-media/discard' },
  command: { name: 'discard-media', examples: ['lifeboat discard-media --restore r0123456789abcde'] },
  page: 'restore',
  async plan({ restores, signal }, { restore, database }) {
    const kept = await restores.keptMedia({ database, signal })
    const folders = kept.filter(({ restore_id }) => restore_id === restore).map(({ kept_folder }) => kept_folder)
    return actionPlan({ subject: restore, document: { action: 'discard-media', restore, folders } })
  },
  run: ({ restores, signal, report }, { restore, database }) =>
    restores.discardMedia(restore, { database, signal, report }),
  facts: ({ input, result }) => ({ ...input, ...result }),
})
