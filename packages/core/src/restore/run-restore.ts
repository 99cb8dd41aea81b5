import { EngineError, throwIfAborted } from '../errors.ts'
import { withDatabase } from '../postgres/connection.ts'
import { readDatabaseProperties } from '../postgres/database-properties.ts'
import type { Session } from '../postgres/session.ts'
import { readManifest } from '../repository/documents/manifests.ts'
import { openControlOrOwn } from './database/control-session.ts'
import { nothingRan } from './database/finish-restored.ts'
import { createMissingRoles, readRoleNames } from './database/missing-roles.ts'
import { ownSearchPaths } from './database/own-search-path.ts'
import { type FilledCopy, restoreBeside, restoreForTrial } from './database/restore-beside.ts'
import { restoreInPlace } from './database/restore-in-place.ts'
import { unpackAllMedia } from './media/restore-media.ts'
import { settleMedia } from './media/settle-media.ts'
import { newRestoreId } from './names.ts'
import type { RestoreContext, Running } from './options.ts'
import type { RestorePlan } from './plan/plan.ts'
import { planRestore } from './plan/plan-restore.ts'
import { lockRestore, lockTarget } from './restore-lock.ts'
import { type FailedRestoreFacts, type RestoreResult, withRestoreFacts } from './restore-result.ts'
import { openRestoreRun, type RestoreRun } from './restore-run.ts'
import { restoredManifest } from './rows-only.ts'
import { makeSafetyBackup } from './safety-backup.ts'
import { dropLeftovers } from './undo/leftovers.ts'

/**
 * Carries a plan out. The plan is made again once the target is locked, and, unless it was `plannedNow`, right before, also
 * first: `PLAN_CHANGED` when what it saw is different now. `RESTORE_REFUSED` when it refuses.
 *
 * Rejects only while the database to be replaced is as it was; the error's `detail` then has {@link FailedRestoreFacts}.
 * What fails after the restored data has gone live (the swap, the commit of an in-place restore) is in the result's
 * `problems`.
 */
export async function runRestore(
  asked: RestoreContext,
  plan: RestorePlan,
  { id = newRestoreId(), plannedNow = false, signal, report }: Running & { id?: string; plannedNow?: boolean } = {},
): Promise<RestoreResult> {
  const started = performance.now()
  const facts: FailedRestoreFacts = { restore_id: id, swapped: false, safety_backup_id: null }
  if (!plannedNow) await requireSamePlan(asked, plan, signal)
  requireNoRefusal(plan)
  throwIfAborted(signal)
  // With one connection, before the control session is there: a backup needs as many as there may be.
  const isFrugal = asked.resources.connections === 1
  const early = isFrugal ? await safetyBackup(asked, plan, { id, signal, report }) : null
  facts.safety_backup_id = early
  try {
    return await underControl(asked, plan, { id, signal, report }, async (context, control, watched) => {
      await settleMedia(control.query, mediaFolders(context, plan), { report })
      const running = { id, signal: watched, report }
      facts.safety_backup_id ??= await safetyBackup(context, plan, running)
      const run = await openRun(context, plan, control, running)
      const result = await restoreUnpacked(run, plan, control, facts.safety_backup_id)
      return { ...result, milliseconds: Math.round(performance.now() - started) }
    })
  } catch (error) {
    throw withRestoreFacts(error, facts)
  }
}

/**
 * Restores by a plan for a new database into one that never goes live: `work` has it to itself once its rows are there,
 * and then it is dropped.
 *
 * @throws EngineError what a restore throws, and what `work` throws.
 */
export async function runTrialRestore(
  asked: RestoreContext,
  plan: RestorePlan,
  { signal, report }: Running,
  work: (run: RestoreRun, copy: FilledCopy) => Promise<void>,
): Promise<void> {
  requireNoRefusal(plan)
  const id = newRestoreId()
  await underControl(asked, plan, { id, signal, report }, async (context, control, watched) => {
    const run = await openRun(context, plan, control, { id, signal: watched, report })
    await restoreForTrial(run, control, context.database.database, (copy) => work(run, copy))
  })
}

type Controlled<T> = (context: RestoreContext, control: Session, signal: AbortSignal) => Promise<T>

/** With a session on another database that holds the locks of the restore. When it is lost, the work is broken off. */
async function underControl<T>(
  asked: RestoreContext,
  plan: RestorePlan,
  { id, signal, report }: Running & { id: string },
  work: Controlled<T>,
): Promise<T> {
  const control = await openControl(asked, plan, signal)
  // As the control session is connected: whether by TLS or through a pooler is not found out again by each.
  const context = { ...asked, database: withDatabase(control.parameters, asked.database.database) }
  // Our locks are gone with the control session: then others may take us for dead, so we had better stop.
  const lost = new AbortController()
  const onEnded = () => lost.abort(new EngineError('DATABASE_UNREACHABLE', 'The control connection was lost.'))
  control.ended.addEventListener('abort', onEnded, { once: true })
  const watched = AbortSignal.any([lost.signal, ...(signal ? [signal] : [])])
  try {
    await lockRestore(control.query, id)
    await lockTarget(control.query, plan.database)
    // However long this process stood still before it had the locks: from here on no other restore changes what was planned.
    await requireSamePlan(context, plan, watched)
    await dropLeftovers(control.query, context.database, { report })
    return await work(context, control, watched)
  } catch (error) {
    throw lost.signal.aborted && !signal?.aborted ? lost.signal.reason : error
  } finally {
    control.ended.removeEventListener('abort', onEnded)
    await control.close()
  }
}

async function openRun(
  context: RestoreContext,
  plan: RestorePlan,
  control: Session,
  { id, signal, report }: Running & { id: string },
): Promise<RestoreRun> {
  const { options } = plan
  const whole = (await readManifest(context.repository, options.backupId, { signal })).manifest
  const { manifest, rowsOnly } = await restoredManifest(context.repository, whole, options, signal)
  if (options.createRoles && options.strategy !== 'media')
    await createMissingRoles(control.query, manifest, options, { report })
  const roles = await readRoleNames(control.query)
  const searchPaths = await ownSearchPaths(control.query, manifest)
  const carried = options.runCarried === undefined ? [] : (plan.carried?.steps ?? [])
  return openRestoreRun({ id, context, options, manifest, rowsOnly, carried, roles, searchPaths, signal, report })
}

async function safetyBackup(
  context: RestoreContext,
  { options, database, steps, media }: RestorePlan,
  { id, signal, report }: Running & { id: string },
): Promise<string | null> {
  if (!steps.some((step) => step.id === 'safety-backup')) return null
  const folders = media.flatMap(({ name, target, replaces }) => (replaces && target ? [{ name, path: target }] : []))
  const mediaOnly = options.strategy === 'media'
  const replaced = { database, restoreId: id, backupId: options.backupId, media: folders, mediaOnly }
  return makeSafetyBackup(context, replaced, { signal, report })
}

async function restoreUnpacked(
  run: RestoreRun,
  { strategy, database, replaces }: RestorePlan,
  control: Session,
  safetyBackupId: string | null,
): Promise<Omit<RestoreResult, 'milliseconds'>> {
  const waiting = await unpackAllMedia(run, { database, query: control.query })
  const common = {
    restoreId: run.id,
    backupId: run.manifest.id,
    strategy,
    database,
    swapped: true,
    safetyBackupId,
  } as const
  try {
    if (strategy === 'media') {
      const nothing = { tables: 0, rows: 0, ...nothingRan() }
      const placed = { media: await waiting.placeTogether(), problems: [] }
      return { ...common, ...nothing, ...placed, keptDatabase: null, undoUntil: null, swapMilliseconds: null }
    }
    if (strategy === 'in-place') {
      const result = await restoreInPlace(run, database, waiting)
      return { ...common, ...result, keptDatabase: null, undoUntil: null, swapMilliseconds: null }
    }
    const live = replaces ? await readDatabaseProperties(control.query, database) : null
    const result = await restoreBeside(run, control, { name: database, live, safetyBackupId, media: waiting })
    return { ...common, ...result, ...(await waiting.place()) }
  } catch (error) {
    // Nothing is live, so what was unpacked is of no use.
    await waiting.abandon()
    throw error
  }
}

async function requireSamePlan(
  context: RestoreContext,
  plan: RestorePlan,
  signal: AbortSignal | undefined,
): Promise<void> {
  const now = await planRestore(context, plan.options, { signal })
  if (now.hash !== plan.hash) {
    throw new EngineError('PLAN_CHANGED', 'The plan has changed since it was made.', { detail: { plan: now } })
  }
}

function requireNoRefusal({ refusals }: RestorePlan): void {
  const [first] = refusals
  if (first) throw new EngineError('RESTORE_REFUSED', first.text, { detail: { refusals } })
}

/** The configured ones too: another restore may have left something there. */
function mediaFolders(context: RestoreContext, { media }: RestorePlan): string[] {
  return [...context.media.map(({ path }) => path), ...media.flatMap(({ target }) => target ?? [])]
}

/** For in-place and for media alone the database itself will do: only its locks are needed. */
async function openControl(
  context: RestoreContext,
  plan: RestorePlan,
  signal: AbortSignal | undefined,
): Promise<Session> {
  const make = plan.strategy !== 'in-place' && plan.strategy !== 'media'
  return openControlOrOwn(context.database, { target: plan.database, signal, make })
}
