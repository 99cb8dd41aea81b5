import { z } from 'zod'
import { findCompleted } from '../../engine/background/backup-history.ts'
import type { MaskSuggestion } from '../../engine/masking.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const suggestMasking = action({
  name: 'masking.suggest',
  summary: 'Writes lines of a masking policy for what the policy does not name yet: guesses, for people to confirm.',
  permission: 'backups:read',
  kind: 'read',
  subject: 'backup',
  input: z.strictObject({ backup: backupReference, database: databaseLabel }),
  result: z
    .object({
      tables: z.array(z.object({ table: z.string(), as: z.enum(['keep', 'empty']), why: z.string() })),
      columns: z.array(
        z.object({
          table: z.string(),
          column: z.string(),
          type: z.string().nullable(),
          mask: z.unknown().describe('As the option `masking` takes it.'),
          why: z.string(),
        }),
      ),
      text: z.string().describe('The same as lines of a configuration, each a comment.'),
    })
    .meta({ id: 'masking_suggestion' }),
  http: { method: 'GET', path: 'backups/:id/masking/suggestion' },
  command: { name: 'mask init', examples: ['lifeboat mask init', 'lifeboat mask init 12'] },
  page: 'backup',
  async run(context, { backup, database }): Promise<MaskSuggestion> {
    const { masking, signal } = context
    const { id } = await findCompleted(context, backup, { database, signal })
    return masking.suggest(id, { database, signal })
  },
})
