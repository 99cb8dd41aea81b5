import { z } from 'zod'
import { planSchema } from '../../catalog/records.ts'
import { action } from '../action.ts'
import { type PlannedRefresh, refreshDocument, refreshInput, refreshPlanOf } from './input.ts'

const planned = z.object({ target: z.string(), plan: planSchema })

export const planRefresh = action({
  name: 'targets.plan',
  summary: 'Says what a refresh of a target would do, and why it would not. Changes nothing.',
  permission: 'restores:read',
  kind: 'read',
  subject: 'target',
  input: refreshInput,
  result: planned,
  http: {
    method: 'POST',
    path: 'targets/:target/plan',
    answer: z.object({ plan: planSchema, plan_hash: z.string() }),
    present: (found: PlannedRefresh) => ({ plan: refreshDocument(found), plan_hash: found.plan.hash }),
  },
  leftOut: { command: '`lifeboat refresh --dry-run` prints it.' },
  page: 'restore',
  run: (context, asked): Promise<PlannedRefresh> => refreshPlanOf(context, asked),
})
