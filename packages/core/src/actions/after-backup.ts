import { readSettings } from '../engine/background/read-settings.ts'
import type { BackupSummary } from '../engine/summary.ts'
import { log } from '../events.ts'
import type { ActionContext } from './action.ts'
import { systemCaller } from './caller.ts'
import { runAction, startAction } from './run-action.ts'

/**
 * What follows every completed backup, through whatever door it was made: exported files where they are asked for, copies
 * brought up to date, retention. Each is an action of its own, whose failure is not the backup's: a job where jobs run in
 * this process or another one, else done here.
 */
export async function afterBackup(
  context: ActionContext,
  backup: BackupSummary,
  { database, isJudged }: { database: string; isJudged: boolean },
): Promise<void> {
  const settings = await readSettings(context)
  if (settings?.export_after_backup) await follow(context, 'backups.exportToFolder', { backup: backup.id, database })
  await bringCopiesInStep(context)
  // What could not be judged may be what an alarm would hold: the next backup comes with the next retention.
  if (settings && isJudged && isConfigured(context))
    await follow(context, 'retention.run', { database, justMade: backup.id })
}

/** Every configured copy gets the backup that was just made; safety backups of restores and rewinds too. */
export async function bringCopiesInStep(context: ActionContext): Promise<void> {
  const history = await context.history()
  for (const name of context.copies.names()) {
    const waiting = history ? await waitingCopies(history) : []
    // One that has not begun yet takes this backup along.
    if (waiting.some((job) => nameOf(job.input) === name)) continue
    await follow(context, 'copies.update', { copy: name })
  }
}

type Following = 'backups.exportToFolder' | 'copies.update' | 'retention.run'

/** What fails here is logged: what it follows has succeeded. */
async function follow(context: ActionContext, name: Following, input: object): Promise<void> {
  const { signal, report } = context
  const { actions } = await import('./registry.ts')
  const history = await context.history()
  const action = await actions[name]()
  const call = { caller: systemCaller(context.caller.actor.id), signal, report }
  try {
    if (history && (await isWorkedFor(history, context))) await startAction(context, action, input, call)
    else await runAction(context, action, input, call)
  } catch (error) {
    if (signal?.aborted) throw error
    log(report, 'warning', `${action.summary} It failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** None are known where the catalog cannot be read: one copy too many is made, of nothing new. */
async function waitingCopies({ catalog }: NonNullable<Awaited<ReturnType<ActionContext['history']>>>) {
  return catalog.jobs.list({ statuses: ['queued'], kinds: ['copy'] }).catch(() => [])
}

function nameOf(input: Record<string, unknown>): unknown {
  const asked = input.input
  return typeof asked === 'object' && asked !== null ? Reflect.get(asked, 'copy') : undefined
}

/** Whether a process takes jobs from the catalog: this one, or another that was seen of late. */
async function isWorkedFor(
  { catalog }: NonNullable<Awaited<ReturnType<ActionContext['history']>>>,
  { isStarted }: ActionContext,
): Promise<boolean> {
  if (isStarted()) return true
  const since = new Date(Date.now() - 60_000).toISOString()
  return (await catalog.workers.list()).some(({ seen_at, roles }) => seen_at >= since && roles.includes('jobs'))
}

/** A script that makes one backup must not lose older ones to limits that no user has set. */
function isConfigured({ parts, isStarted }: ActionContext): boolean {
  const { max_backups, retention_days } = parts.settings.runTime
  return isStarted() || max_backups !== undefined || retention_days !== undefined
}
