import type { ActionContext } from '../../actions/action.ts'
import type { Json, RestoreRecord } from '../../catalog/catalog.ts'
import { isEngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import { jobError } from '../../jobs/job-error.ts'
import type { RestorePlan } from '../../restore/plan/plan.ts'
import type { RestoreSummary } from '../restore-summary.ts'
import { listRestores, observeRestore } from './restore-history.ts'

/** The record comes first: a job may begin before anything after it. */
export async function beginRestoreRecord(
  context: ActionContext,
  { id, plan, backupId, database }: { id: string; plan: RestorePlan; backupId: string; database: string },
): Promise<void> {
  const history = await context.history()
  const record: RestoreRecord = {
    id,
    backup_id: backupId,
    database,
    strategy: plan.strategy,
    status: 'pending',
    verdict: plan.migrations.map(({ comparison }) => comparison.verdict).join(', ') || null,
    ...{ safety_backup_id: null, kept_database: null, undo_until: null },
    started_at: new Date().toISOString(),
    ...{ finished_at: null, rows: null, error: null },
    job_id: context.taskId,
    created_by: context.caller.actor.id,
    plan: { ...plan },
    ...{ swapped: false, undone: false, problems: [], ran: {} },
  }
  await history?.catalog.restores.put(record).catch((error: unknown) => {
    if (!isEngineError(error, 'CATALOG_DAMAGED')) throw error
    log(context.report, 'warning', `The history of restores could not be written: ${String(error)}`, { id })
  })
}

export async function markRestoreRunning(context: ActionContext, id: string): Promise<void> {
  await change(context, id, { status: 'running', job_id: context.taskId, started_at: new Date().toISOString() })
}

/** How it ended. An error after the swap is no failure of the restore: the restored data is live. */
export async function endRestoreRecord(
  context: ActionContext,
  id: string,
  end: { result: RestoreSummary } | { error: unknown },
): Promise<void> {
  const finished_at = new Date().toISOString()
  if ('result' in end) {
    const { status, safety_backup_id, kept_database, undo_until, rows, problems } = end.result
    const { migrations, data_migrations, validators } = end.result
    const swapped = true
    await change(context, id, {
      status,
      safety_backup_id,
      kept_database,
      undo_until,
      rows,
      problems,
      ran: { migrations, data_migrations, validators } as unknown as Json,
      swapped,
      finished_at,
    })
    return
  }
  const { error } = end
  const { signal } = context
  const isStopped = signal?.aborted === true
  const status = isStopped
    ? signal.reason === 'shutdown' || signal.reason === 'lost'
      ? 'interrupted'
      : 'cancelled'
    : 'failed'
  await change(context, id, { status, error: jobError(error), finished_at, ...factsOfError(error) })
}

/** What a restore that failed has done all the same: its safety backup, and where it came so far, the swap. */
function factsOfError(error: unknown): Partial<RestoreRecord> {
  if (!isEngineError(error)) return {}
  const { safety_backup_id: safety, swapped, kept_database: kept } = error.detail
  return {
    ...(typeof safety === 'string' ? { safety_backup_id: safety } : {}),
    ...(swapped === true ? { swapped } : {}),
    ...(typeof kept === 'string' ? { kept_database: kept } : {}),
  }
}

/**
 * Writes down what an undo has made live: where nothing was live before it, nothing is kept now, and the server shows no
 * trace of it.
 */
export async function recordUndo(context: ActionContext, id: string, undone: boolean): Promise<void> {
  await change(context, id, { undone })
  await observe(context, id)
}

/** Writes down what the server shows of a restore now; while something is kept it also shows what is live. */
export async function observe(context: ActionContext, id: string): Promise<void> {
  try {
    const history = await context.history()
    if (history) await observeRestore(history, id)
  } catch (error) {
    log(context.report, 'warning', `The history of restores could not be written: ${String(error)}`, { id })
  }
}

/** The same for all of them, before something drops kept databases whose time is over. */
export async function observeAll(context: ActionContext): Promise<void> {
  try {
    const history = await context.history()
    if (history) await listRestores(history)
  } catch (error) {
    log(context.report, 'warning', `The history of restores could not be written: ${String(error)}`)
  }
}

/** A catalog that cannot be written must not turn a restore that succeeded into a failure. */
async function change(context: ActionContext, id: string, changes: Partial<RestoreRecord>): Promise<void> {
  try {
    const history = await context.history()
    const record = await history?.catalog.restores.get(id)
    if (history && record) await history.catalog.restores.put({ ...record, ...changes })
  } catch (error) {
    log(context.report, 'warning', `The history of restores could not be written: ${String(error)}`, { id })
  }
}
