import { z } from 'zod'
import type { Json } from '../../catalog/catalog.ts'
import { defaultRewindOptions } from '../../rows/rewind/options.ts'
import type { RewindPlan } from '../../rows/rewind/rewind-plan.ts'
import type { ActionContext } from '../action.ts'
import { toWire } from '../wire.ts'
import { type LabelledPlan, plannedFor } from './carry-out.ts'
import { rewindInput, rewindPlanSchema } from './rewind-plan.ts'

export const patchInput = rewindInput
  .pick({ backup: true, overrides: true, safetyBackup: true, database: true })
  .extend({
    table: z.string().min(1).max(200).describe('`name`, or `schema.name` outside of schema public.'),
    where: z
      .string()
      .min(1)
      .max(100_000)
      .optional()
      .describe("An SQL condition on the backup's rows: only these. It runs with the rights of the backups' role."),
    onConflict: z
      .enum(['backup', 'live'])
      .default('backup')
      .describe('Of rows that changed since: `backup` replaces them, `live` leaves them.'),
  })

const choice = z.object({
  kind: z.literal('rows'),
  where: z.string().nullable(),
  onConflict: z.enum(['backup', 'live']),
})

export const patchPlanSchema = rewindPlanSchema.extend({
  options: rewindPlanSchema.shape.options.extend({ choice: choice.optional() }),
})

/** As people see it, over HTTP and in the audit log. */
export const patchDocument = (plan: RewindPlan): Json => toWire(patchPlanSchema, plan) as Json

export async function plannedPatch(
  context: ActionContext,
  asked: z.output<typeof patchInput>,
  how: { confirmed?: string | true | undefined } = {},
): Promise<LabelledPlan> {
  const { table, where = null, onConflict, overrides, safetyBackup } = asked
  const choice = { kind: 'rows', where, onConflict } as const
  return plannedFor(context, asked, { ...defaultRewindOptions, tables: [table], overrides, safetyBackup, choice }, how)
}
