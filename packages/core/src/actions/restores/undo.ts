import { z } from 'zod'
import { recordUndo } from '../../engine/background/restore-record.ts'
import { action } from '../action.ts'
import { databaseLabel, restoreReference } from '../inputs.ts'
import { keptFacts, keptPlan, preparedFromPlan, requireSameKept } from './kept-plan.ts'

export const undoRestore = action({
  name: 'restores.undo',
  summary: 'Puts back the database a restore replaced. What is live now is kept in its turn.',
  permission: 'restores:run',
  kind: 'job',
  subject: 'restore',
  input: z.strictObject({ restore: restoreReference, database: databaseLabel }),
  result: z.object({
    database: z.string(),
    kept_database: z.string().nullable().describe('What was live until now, under this name.'),
    undo_until: z.string().nullable(),
    media: z
      .array(z.object({ folder: z.string(), kept: z.string().nullable() }))
      .describe('The media folders that were put back, and where what was in them until now is kept.'),
    problems: z
      .array(z.object({ code: z.string(), text: z.string(), advice: z.string() }))
      .describe('What is not as it was, although the database is.'),
    undone: z.boolean().describe('Whether what was before the restore is live now; false: the restored data is.'),
  }),
  http: { method: 'POST', path: 'restores/:id/undo' },
  command: { name: 'undo', examples: ['lifeboat undo r3fk2', 'lifeboat undo latest --yes'] },
  page: 'restore',
  plan: (context, asked) => keptPlan(context, 'undo', asked),
  job: {
    kind: 'undo',
    label: 'Undo',
    resumable: false,
    writer: (_, label) => label,
    async prepare(_, __, plan) {
      return preparedFromPlan(plan)
    },
  },
  async run(context) {
    const { restores, signal, report, prepared } = context
    const id = context.subjectId as string
    const { label, kept_database } = prepared as { label: string; kept_database: string }
    const kept = await requireSameKept(context, id, kept_database, label)
    const done = await restores.undo(kept_database, { database: label, signal, report })
    await recordUndo(context, id, !kept.undone)
    return { ...done, undone: !kept.undone }
  },
  facts: ({ result, ...done }) => keptFacts(done, result),
})
