import { z } from 'zod'
import type { RewindPlan } from '../../rows/rewind/rewind-plan.ts'
import { action } from '../action.ts'
import { wireResult } from '../wire.ts'
import { plannedRewind, rewindDocument, rewindInput, rewindPlanSchema } from './rewind-plan.ts'

export const planRewind = action({
  name: 'rows.planRewind',
  summary: 'Says which rows a rewind would put back and take out, and why it would not. Changes nothing.',
  permission: 'restores:read',
  kind: 'read',
  subject: 'backup',
  input: rewindInput,
  result: rewindPlanSchema,
  http: {
    method: 'POST',
    path: 'backups/:id/rewind-plan',
    answer: z.object({ plan: wireResult(rewindPlanSchema), plan_hash: z.string() }),
    present: (plan: RewindPlan) => ({ plan: rewindDocument(plan), plan_hash: plan.hash }),
  },
  leftOut: { command: '`lifeboat rewind --dry-run` prints it.' },
  page: 'backup',
  run: async (context, asked): Promise<RewindPlan> => (await plannedRewind(context, asked)).plan,
})
