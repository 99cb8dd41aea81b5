import { z } from 'zod'
import { planSchema } from '../../catalog/records.ts'
import { action } from '../action.ts'
import { restoreLoss } from '../rows/lost.ts'
import { restoreInput } from './input.ts'
import { type PlannedRestore, planDocument, planOf } from './restore-plan.ts'

const plannedSchema = planSchema
  .extend({
    lost: restoreLoss
      .nullable()
      .describe('What it would lose of the database it replaces; null where it replaces none, or is refused.'),
    instead: z
      .object({ backup: z.string(), number: z.int(), created_at: z.string() })
      .nullable()
      .describe('Where it is refused for its migrations: the nearest backup that the running code could restore.'),
  })
  .meta({ id: 'planned_restore' })

export const planRestore = action({
  name: 'restores.plan',
  summary: 'Says what a restore would do, and why it would not. Changes nothing.',
  permission: 'restores:read',
  kind: 'read',
  subject: 'backup',
  input: restoreInput,
  result: plannedSchema,
  http: {
    method: 'POST',
    path: 'backups/:id/plan',
    answer: z.object({ plan: plannedSchema, plan_hash: z.string() }),
    present: (plan: PlannedRestore) => ({ plan: planDocument(plan), plan_hash: plan.hash }),
  },
  leftOut: { command: '`lifeboat restore --dry-run` prints it.' },
  page: 'backup',
  run: async (context, asked): Promise<PlannedRestore> => (await planOf(context, asked)).plan,
})
