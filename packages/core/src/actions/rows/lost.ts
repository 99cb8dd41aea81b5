import { z } from 'zod'
import type { LossReport } from '../../rows/lost.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'
import { backupOf } from './backup-of.ts'

const tableLoss = z.object({
  table: z.string(),
  rows_then: z.int(),
  rows_now: z.int().nullable(),
  added_or_changed: z.int().nullable().describe('Rows that a restore loses; null where nothing was counted.'),
  changed_or_deleted: z.int().nullable().describe('Rows that a restore brings back.'),
  reason: z.string().nullable().describe('Why the rows were not counted.'),
})

/** In the plan of a restore. */
export const restoreLoss = z.object({
  unknown: z.string().nullable().describe('Why nothing could be counted; null where it was.'),
  at: z.string().nullable().describe('When the live database was looked at.'),
  tables: z.array(tableLoss).describe('Tables that are not as they were, those that lose most first.'),
  more: z.int().describe('How many such tables are not in the list.'),
  unchanged: z.int(),
  added_or_changed: z.int().nullable().describe('Rows that it loses, of the tables that were counted.'),
  changed_or_deleted: z.int().nullable().describe('Rows that it brings back.'),
  made: z.array(z.object({ table: z.string(), bytes: z.number() })).describe('Tables made since: lost as a whole.'),
  dropped: z.array(z.string()).describe('Tables dropped since: they come back.'),
})

export const lossReport = z.object({
  backup: z.object({ id: z.string(), number: z.int(), created_at: z.string(), database: z.string() }),
  at: z.string().describe('When the live database was looked at.'),
  tables: z.array(tableLoss).describe('Tables that are not as they were, those that lose most first.'),
  unchanged: z.int().describe('How many tables are as they were.'),
  added_or_changed: z.int(),
  changed_or_deleted: z.int(),
  made: z.array(z.object({ table: z.string(), bytes: z.number() })).describe('Tables made since the backup.'),
  dropped: z.array(z.string()).describe('Tables of the backup that are no more.'),
  not_comparable: z.string().nullable().describe('Why no table could be compared by its row headers.'),
})

export const lost = action({
  name: 'rows.lost',
  summary: 'Counts the rows added, changed and deleted since a backup, by table: what a restore would lose.',
  permission: 'backups:read',
  kind: 'read',
  subject: 'backup',
  input: z.strictObject({ backup: backupReference, database: databaseLabel }),
  result: lossReport,
  http: { method: 'GET', path: 'backups/:id/lost' },
  command: { name: 'lost', examples: ['lifeboat lost latest', 'lifeboat lost latest --rows orders'] },
  page: 'backup',
  async run(context, asked): Promise<LossReport> {
    const { backupId, call } = await backupOf(context, asked)
    return context.rows.lost(backupId, call)
  },
})
