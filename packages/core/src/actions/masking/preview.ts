import { z } from 'zod'
import { findCompleted } from '../../engine/background/backup-history.ts'
import type { MaskPreview } from '../../engine/masking.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const previewMasking = action({
  name: 'masking.preview',
  summary: 'Shows the first rows of a table as a masked copy would have them.',
  // Columns that the policy keeps are shown as they are.
  permission: 'rows:query',
  kind: 'read',
  recorded: true,
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    table: z.string().min(1).max(200).describe('`name`, or `schema.name` outside of schema public.'),
    limit: z.number().int().min(1).max(100).default(5).describe('Most rows that are shown.'),
    database: databaseLabel,
  }),
  result: z
    .object({
      table: z.string(),
      columns: z.array(z.object({ name: z.string(), mask: z.string() })),
      rows: z.array(z.array(z.string().nullable())),
    })
    .meta({ id: 'masking_preview' }),
  http: { method: 'GET', path: 'backups/:id/masking/preview' },
  command: { name: 'mask preview', examples: ['lifeboat mask preview latest --table customer'] },
  page: 'backup',
  async run(context, { backup, table, limit, database }): Promise<MaskPreview> {
    const { masking, signal } = context
    const { id } = await findCompleted(context, backup, { database, signal })
    return masking.preview({ backupId: id, table, limit }, { database, signal })
  },
  facts: ({ input }) => ({ backup: input.backup, table: input.table, limit: input.limit }),
})
