import { z } from 'zod'
import type { QueryAnswer } from '../../rows/query-backup.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'
import { backupOf } from './backup-of.ts'

export const queryBackup = action({
  name: 'rows.query',
  summary:
    'Answers one SELECT over the database as of a backup: `was.orders` is the table then, `orders` the table now.',
  permission: 'rows:query',
  kind: 'read',
  recorded: true,
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    sql: z.string().min(1).max(100_000).describe('One SELECT, VALUES or TABLE. It cannot write.'),
    limit: z.number().int().min(1).max(10_000).default(1000).describe('Most rows that are given.'),
    timeoutMs: z.number().int().min(1).max(600_000).default(60_000).describe('How long it may run, in milliseconds.'),
    database: databaseLabel,
  }),
  result: z.object({
    columns: z.array(z.string()),
    rows: z.array(z.array(z.string().nullable())).describe('Values as PostgreSQL prints them.'),
    more: z.boolean().describe('Whether there were more rows.'),
    tables: z.array(z.string()).describe("The backup's tables that the statement read."),
    left_out: z
      .array(z.object({ table: z.string(), reason: z.string() }))
      .describe('Tables that cannot be had as they were.'),
  }),
  http: { method: 'POST', path: 'backups/:id/query' },
  command: { name: 'query', examples: ['lifeboat query latest "SELECT sum(total) FROM was.orders"'] },
  page: 'backup',
  async run(context, asked): Promise<QueryAnswer> {
    const { sql, limit, timeoutMs } = asked
    const { backupId, call } = await backupOf(context, asked)
    return context.rows.query({ backupId, sql, limit, timeoutMs }, call)
  },
})
