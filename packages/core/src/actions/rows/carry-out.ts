import { z } from 'zod'
import type { Json } from '../../catalog/catalog.ts'
import { newRewindId } from '../../rows/rewind/names.ts'
import type { RewindOptions } from '../../rows/rewind/options.ts'
import type { RewindPlan } from '../../rows/rewind/rewind-plan.ts'
import type { RewindResult } from '../../rows/rewind/run-rewind.ts'
import type { ActionContext, ActionPlan } from '../action.ts'
import { bringCopiesInStep } from '../after-backup.ts'
import { backupOf } from './backup-of.ts'

/** A plan, and the label of the database that it is of. */
export interface LabelledPlan {
  plan: RewindPlan
  label: string
}

/**
 * The plan of what is asked for. `confirmed`: one that was made before will do, where people have confirmed it.
 */
export async function plannedFor(
  context: ActionContext,
  asked: { backup: string; database?: string | undefined },
  options: Omit<RewindOptions, 'backupId'>,
  { confirmed }: { confirmed?: string | true | undefined } = {},
): Promise<LabelledPlan> {
  const { backupId, call } = await backupOf(context, asked)
  const whole = { backupId, ...options }
  const { database } = call
  const known =
    confirmed === undefined
      ? null
      : context.rows.plannedBefore(whole, { database, ...(confirmed === true ? {} : { hash: confirmed }) })
  return { plan: known ?? (await context.rows.planRewind(whole, call)), label: database }
}

export const rewindResult = z.object({
  rewindId: z.string(),
  backupId: z.string(),
  database: z.string(),
  safetyBackupId: z.string().nullable(),
  tables: z.array(z.object({ table: z.string(), putBack: z.int(), takenOut: z.int() })),
  putBack: z.int(),
  takenOut: z.int(),
  refreshedViews: z.array(z.string()),
  lockedMilliseconds: z.number().describe('For how long writers had to wait.'),
  milliseconds: z.number(),
})

const planned = new WeakMap<object, LabelledPlan>()

/** What is to be confirmed: `document` is the plan as people see it. */
export function confirmable(found: LabelledPlan, document: Json): ActionPlan {
  const { plan } = found
  planned.set(document as object, found)
  return {
    subject: plan.backup.id,
    refusals: plan.refusals.map(({ code, text }) => ({ code, text })),
    document,
    hash: plan.hash,
  }
}

/** The job of a plan that was confirmed. */
export async function prepareRewind({ caller }: Pick<ActionContext, 'caller'>, confirmed: ActionPlan | null) {
  const { plan, label } = planned.get((confirmed?.document as object | undefined) ?? {}) as LabelledPlan
  // With a hash a person has looked at the rows: they must be the same when it begins.
  const prepared = { plan, planned_now: caller.confirm !== plan.hash } as unknown as Json
  return { subjectId: newRewindId(), database: label, prepared: { ...(prepared as object), label } as Json }
}

export async function carryOut(context: ActionContext): Promise<RewindResult> {
  const { signal, report, prepared, caller } = context
  const { plan, planned_now, label } = prepared as unknown as LabelledPlan & { planned_now: boolean }
  const id = context.subjectId as string
  const how = { database: label, id, by: caller.actor.id, plannedNow: planned_now }
  const done = await context.rows.rewind(plan, { ...how, signal, report })
  if (done.safetyBackupId !== null) await bringCopiesInStep(context)
  return done
}

/** Whole id of the backup, as far as it is known. */
export function backupOfFacts(context: Pick<ActionContext, 'prepared'>, plan: ActionPlan | null | undefined) {
  const known = (context.prepared as { plan?: RewindPlan } | undefined)?.plan
  const document = plan?.document as { backup?: { id: string } } | undefined
  return known?.backup.id ?? document?.backup?.id
}

export function outcomeFacts({ database, safetyBackupId, putBack, takenOut }: RewindResult) {
  return { database, safety_backup_id: safetyBackupId, put_back: putBack, taken_out: takenOut }
}
