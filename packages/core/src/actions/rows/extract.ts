import { z } from 'zod'
import { findCompleted } from '../../engine/background/backup-history.ts'
import type { ExtractResult } from '../../rows/extract-table.ts'
import { type ActionPlan, action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'
import { actionPlan } from '../plan-hash.ts'
import { liveLabel } from './backup-of.ts'

export const extractTable = action({
  name: 'rows.extract',
  summary: 'Makes a table of its own from one table of a backup, in another schema of the live database.',
  permission: 'restores:run',
  kind: 'job',
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    table: z.string().min(1).max(200).describe('`name`, or `schema.name` outside of schema public.'),
    into: z.string().min(1).max(63).describe('The schema that gets the table; made where there is none.'),
    where: z
      .string()
      .min(1)
      .max(100_000)
      .optional()
      .describe("An SQL condition: only rows that meet it. It runs with the rights of the backups' role."),
    database: databaseLabel,
  }),
  result: z.object({
    table: z.string().describe('The new table.'),
    rows: z.int(),
    of: z.int().describe('Rows the backup has of it.'),
  }),
  http: { method: 'POST', path: 'backups/:id/extract' },
  command: {
    name: 'extract',
    examples: ['lifeboat extract latest --table orders --into was_monday --where "id IN (1, 2)"'],
  },
  page: 'backup',
  confirm: 'people',
  async plan(context, { backup: reference, table, into, where = null, database }) {
    const { parts, signal } = context
    const backup = await findCompleted(context, reference, { database, signal })
    const label = liveLabel(parts, backup, database)
    return actionPlan({
      subject: backup.id,
      document: { action: 'extract', backup: backup.id, label, table, into, where },
    })
  },
  job: {
    kind: 'extract',
    label: 'Extract',
    resumable: false,
    // It writes only into a table of its own.
    writer: () => null,
    async prepare(_, __, plan) {
      const { backup, label } = (plan as ActionPlan).document as { backup: string; label: string }
      return { subjectId: backup, database: label, prepared: { label } }
    },
  },
  async run(context, { table, into, where }): Promise<ExtractResult> {
    const { rows, signal, report, prepared, subjectId } = context
    const request = { backupId: subjectId as string, table, into, ...(where === undefined ? {} : { where }) }
    return rows.extract(request, { database: (prepared as { label: string }).label, signal, report })
  },
})
