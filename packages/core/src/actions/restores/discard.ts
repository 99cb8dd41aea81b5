import { z } from 'zod'
import { observe } from '../../engine/background/restore-record.ts'
import { action } from '../action.ts'
import { databaseLabel, restoreReference } from '../inputs.ts'
import { keptFacts, keptPlan, preparedFromPlan, requireSameKept } from './kept-plan.ts'

export const discardRestore = action({
  name: 'restores.discard',
  summary: 'Drops the database a restore replaced: after that there is no undo.',
  permission: 'restores:run',
  kind: 'job',
  danger: 'deletes',
  subject: 'restore',
  input: z.strictObject({ restore: restoreReference, database: databaseLabel }),
  result: z.object({
    dropped: z.string().nullable(),
    removed: z.array(z.string()).describe('What was kept of media folders.'),
  }),
  http: { method: 'POST', path: 'restores/:id/discard' },
  command: { name: 'discard', examples: ['lifeboat discard r3fk2 --yes'] },
  page: 'restore',
  plan: (context, asked) => keptPlan(context, 'discard', asked),
  job: {
    kind: 'discard',
    label: 'Discard',
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
    await requireSameKept(context, id, kept_database, label)
    // What is live is known from what is kept: it is looked at while it is still there.
    await observe(context, id)
    const done = await restores.discard(kept_database, { database: label, signal, report })
    await observe(context, id)
    return done
  },
  facts: ({ result, ...done }) => keptFacts(done, result),
})
