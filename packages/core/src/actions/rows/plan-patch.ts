import { z } from 'zod'
import type { RewindPlan } from '../../rows/rewind/rewind-plan.ts'
import { action } from '../action.ts'
import { wireResult } from '../wire.ts'
import { patchDocument, patchInput, patchPlanSchema, plannedPatch } from './patch-plan.ts'

export const planPatch = action({
  name: 'rows.planPatch',
  summary: 'Says which rows a patch would put back and replace, and why it would not. Changes nothing.',
  // The condition is SQL of the caller's.
  permission: 'restores:run',
  kind: 'read',
  danger: 'takes_data_out',
  recorded: true,
  subject: 'backup',
  input: patchInput,
  result: patchPlanSchema,
  http: {
    method: 'POST',
    path: 'backups/:id/patch-plan',
    answer: z.object({ plan: wireResult(patchPlanSchema), plan_hash: z.string() }),
    present: (plan: RewindPlan) => ({ plan: patchDocument(plan), plan_hash: plan.hash }),
  },
  leftOut: { command: '`lifeboat patch --dry-run` prints it.' },
  page: 'backup',
  run: async (context, asked): Promise<RewindPlan> => (await plannedPatch(context, asked)).plan,
})
