import { z } from 'zod'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'

const keptMediaSchema = z
  .object({
    restore_id: z.string(),
    backup_id: z.string(),
    name: z.string().describe("The backup's name for the folder."),
    database: z.string().describe('The database that was restored with it.'),
    folder: z.string(),
    kept_folder: z.string(),
    replaced_at: z.iso.datetime({ offset: true }),
    undo_until: z.iso.datetime({ offset: true }).nullable(),
    undone: z.boolean().describe('Whether it is the restored media, and an undo has put back what was before.'),
  })
  .meta({ id: 'kept_media' })

export const keptMedia = action({
  name: 'restores.keptMedia',
  summary: 'Lists what restores keep of the configured media folders, also of in-place restores.',
  permission: 'restores:read',
  kind: 'read',
  input: z.strictObject({ database: databaseLabel }),
  result: z.array(keptMediaSchema),
  http: {
    method: 'GET',
    path: 'restores/kept-media',
    answer: z.object({ results: z.array(keptMediaSchema) }),
    present: (results: unknown[]) => ({ results }),
  },
  command: { name: 'kept-media', examples: ['lifeboat kept-media'] },
  page: 'restore',
  run: ({ restores, signal }, { database }) => restores.keptMedia({ database, signal }),
})
