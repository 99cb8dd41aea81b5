import type { Json } from '../../catalog/catalog.ts'
import { labelOf } from '../../engine/background/core.ts'
import type { KeptDatabaseSummary } from '../../engine/restore-summary.ts'
import { EngineError } from '../../errors.ts'
import type { ActionContext, ActionPlan, DoneAction, PreparedJob } from '../action.ts'
import { actionPlan } from '../plan-hash.ts'

/** The kept database that a reference means, in any of the configured databases where none is named. */
export async function findKept(
  { restores, parts, signal, history }: ActionContext,
  reference: string,
  database: string | undefined,
): Promise<{ label: string; kept: KeptDatabaseSummary }> {
  const known = await (await history())?.catalog.restores.get(reference)
  const labels = database !== undefined ? [labelOf(parts, database)] : known ? [known.database] : parts.labels()
  let missing: unknown
  for (const label of labels) {
    try {
      return { label, kept: await restores.findKept(reference, { database: label, signal }) }
    } catch (error) {
      missing = error
    }
  }
  throw missing ?? new EngineError('RESTORE_NOT_FOUND', `No kept database belongs to restore "${reference}".`)
}

/** What undo or discard would be done to, as the server has it now: the record decides nothing. */
export async function keptPlan(
  context: ActionContext,
  action: 'undo' | 'discard',
  asked: { restore: string; database?: string | undefined },
): Promise<ActionPlan> {
  const { kept, label } = await findKept(context, asked.restore, asked.database)
  const { restore_id, database, kept_database, undone, undo_until, media } = kept
  const document: Json = {
    action,
    restore: restore_id,
    label,
    database,
    kept_database,
    holds: undone ? 'restored' : 'replaced',
    undo_until,
    media,
  }
  return actionPlan({ subject: restore_id, document })
}

/** What was looked at when the job was asked for, for the moment in which it runs. */
export function preparedFromPlan(plan: ActionPlan | null): PreparedJob {
  if (plan?.subject == null) throw new EngineError('INTERNAL', 'There is no plan.')
  const { label } = plan.document as { label: string }
  return { subjectId: plan.subject, database: label, prepared: plan.document }
}

/** The facts of an undo or a discard: the same while its plan is at hand and when the job runs without it. */
export const keptFacts = (
  { plan, context }: Pick<DoneAction<unknown, unknown>, 'plan' | 'context'>,
  result?: object,
): Json => ({
  ...(plan?.document ?? context.prepared),
  ...result,
})

/** Throws `PLAN_CHANGED` where the restore has kept another database by now: another caller was faster. */
export async function requireSameKept(
  context: ActionContext,
  restoreId: string,
  keptName: string,
  label: string,
): Promise<KeptDatabaseSummary> {
  const { kept } = await findKept(context, restoreId, label)
  if (kept.kept_database === keptName) return kept
  throw new EngineError(
    'PLAN_CHANGED',
    `Restore ${restoreId} keeps "${kept.kept_database}" now, and no longer "${keptName}".`,
  )
}
