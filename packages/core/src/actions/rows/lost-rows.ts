import { z } from 'zod'
import type { LostRows } from '../../rows/lost-rows.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'
import { backupOf } from './backup-of.ts'

const cells = z.record(z.string(), z.string().nullable()).nullable()

export const lostRows = action({
  name: 'rows.lostRows',
  summary: 'Shows the rows of one table that differ from a backup, old and new values.',
  permission: 'rows:query',
  kind: 'read',
  recorded: true,
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    table: z.string().min(1).max(200).describe('`name`, or `schema.name` outside of schema public.'),
    limit: z.number().int().min(1).max(1000).default(100).describe('Most rows that are given.'),
    offset: z.number().int().min(0).default(0).describe('How many rows to pass over first.'),
    database: databaseLabel,
  }),
  result: z.object({
    table: z.string(),
    columns: z.array(z.string()),
    key: z
      .array(z.string())
      .describe('Columns of the primary key; without one a changed row is a deleted and an inserted one.'),
    counts: z
      .object({ inserted: z.int(), updated: z.int(), deleted: z.int(), touched: z.int() })
      .nullable()
      .describe('Exact; null where too many rows differ.'),
    rows: z.array(z.object({ kind: z.enum(['inserted', 'updated', 'deleted']), before: cells, now: cells })),
    more: z.int().describe('How many rows differ beyond these.'),
  }),
  http: { method: 'GET', path: 'backups/:id/lost-rows' },
  leftOut: { command: '`lifeboat lost BACKUP --rows TABLE` shows them.' },
  page: 'backup',
  async run(context, asked): Promise<LostRows> {
    const { table, limit, offset } = asked
    const { backupId, call } = await backupOf(context, asked)
    return context.rows.lostRows({ backupId, table, limit, offset }, call)
  },
})
