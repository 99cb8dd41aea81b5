import { rm } from 'node:fs/promises'
import { EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import { log } from '../events.ts'
import { withDatabase } from '../postgres/connection.ts'
import { readDatabaseProperties } from '../postgres/database-properties.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { readManifest } from '../repository/manifests.ts'
import { openControlSession } from './control-session.ts'
import { dropLeftovers } from './leftovers.ts'
import { cleanMediaLeftovers } from './media-leftovers.ts'
import { mediaTargets } from './media-names.ts'
import { swapMedia, type UnpackedMedia, unpackMedia } from './media-restore.ts'
import { createMissingRoles, readRoleNames } from './missing-roles.ts'
import { newRestoreId } from './names.ts'
import type { RestoreContext, Running } from './options.ts'
import type { RestorePlan } from './plan.ts'
import { planRestore } from './plan-restore.ts'
import { restoreBeside } from './restore-beside.ts'
import { restoreInPlace } from './restore-in-place.ts'
import { lockRestore, lockTarget } from './restore-lock.ts'
import { openRestoreRun, type RestoreRun } from './restore-run.ts'
import { makeSafetyBackup } from './safety-backup.ts'

export interface RestoreResult {
  restoreId: string
  backupId: string
  strategy: RestorePlan['strategy']
  database: string
  /** What the database was before, under this name until `undoUntil` (null: until it is discarded). */
  keptDatabase: string | null
  undoUntil: string | null
  safetyBackupId: string | null
  tables: number
  rows: number
  /** Migrations that were run on the restored data. */
  migrations: string[]
  /** For how long the database's name did not answer. */
  swapMilliseconds: number | null
  media: { name: string; target: string; kept: string | null }[]
  milliseconds: number
}

/**
 * Carries a plan out. Unless it was `plannedNow`, right before, the plan is made again first: `PLAN_CHANGED` when what it
 * saw is different now. `RESTORE_REFUSED` when it refuses. Whatever fails or dies before the end, the database to be replaced is as it was
 * (for in-place restores: until the commit).
 */
export async function runRestore(
  context: RestoreContext,
  plan: RestorePlan,
  { id = newRestoreId(), plannedNow = false, signal, report }: Running & { id?: string; plannedNow?: boolean } = {},
): Promise<RestoreResult> {
  const started = performance.now()
  if (!plannedNow) await requireSamePlan(context, plan, signal)
  requireNoRefusal(plan)
  throwIfAborted(signal)
  const control = await openControl(context, plan, signal)
  // Our locks are gone with the control session: then others may take us for dead, so we had better stop.
  const lost = new AbortController()
  const onEnded = () => lost.abort(new EngineError('DATABASE_UNREACHABLE', 'The control connection was lost.'))
  control.ended.addEventListener('abort', onEnded, { once: true })
  const watched = AbortSignal.any([lost.signal, ...(signal ? [signal] : [])])
  try {
    await lockRestore(control.query, id)
    await lockTarget(control.query, plan.database)
    await dropLeftovers(control.query, context.database.database, { report })
    await cleanMediaLeftovers(control.query, mediaPaths(context, plan), { report })
    const result = await restoreLocked(context, plan, control, { id, signal: watched, report })
    return { ...result, milliseconds: Math.round(performance.now() - started) }
  } catch (error) {
    if (lost.signal.aborted && !signal?.aborted) throw lost.signal.reason
    throw error
  } finally {
    control.ended.removeEventListener('abort', onEnded)
    await control.close()
  }
}

async function restoreLocked(
  context: RestoreContext,
  plan: RestorePlan,
  control: Session,
  { id, signal, report }: Running & { id: string },
): Promise<Omit<RestoreResult, 'milliseconds'>> {
  const { options, strategy, database } = plan
  const { manifest } = await readManifest(context.repository, options.backupId, { signal })
  let safetyBackupId: string | null = null
  if (plan.steps.some((step) => step.id === 'safety-backup')) {
    const replaced = { database, restoreId: id, backupId: manifest.id, includeMedia: options.mediaTarget === true }
    safetyBackupId = await makeSafetyBackup(context, replaced, { signal, report })
  }
  if (options.createRoles) await createMissingRoles(control.query, manifest, options, { report })
  const roles = await readRoleNames(control.query)
  const run = await openRestoreRun({ id, context, options, manifest, roles, signal, report })
  const media = await unpackAll(run)
  let swapped: RestoreResult['media'] = []
  try {
    const common = { restoreId: id, backupId: manifest.id, strategy, database, safetyBackupId }
    if (strategy === 'in-place') {
      const result = await restoreInPlace(run, database, async () => {
        swapped = await swapAll(run, media)
      })
      return { ...common, ...result, keptDatabase: null, undoUntil: null, swapMilliseconds: null, media: swapped }
    }
    const live = plan.replaces ? await readDatabaseProperties(control.query, database) : null
    const result = await restoreBeside(run, control, { name: database, live, safetyBackupId })
    swapped = await swapAll(run, media)
    return { ...common, ...result, media: swapped }
  } catch (error) {
    // Once the database is live, what was unpacked for it is not ours to throw away.
    if (isEngineError(error, 'MEDIA_NOT_IN_PLACE'))
      swapped = media.map(({ name, target }) => ({ name, target, kept: null }))
    throw error
  } finally {
    await removeUnused(media, swapped)
  }
}

/** The database is restored by then, so this must not read as if nothing had happened. */
function mediaNotInPlace(
  { name, target, fresh }: UnpackedMedia,
  done: RestoreResult['media'],
  cause: unknown,
): EngineError {
  return new EngineError(
    'MEDIA_NOT_IN_PLACE',
    `The database is restored, but the media folder "${name}" could not be put in place of ${target}.`,
    {
      cause,
      detail: { name, target, unpacked: fresh, in_place: done.map((media) => media.name) },
      advice: `Its files are in ${fresh}: mend the cause and rename that folder to ${target}; or take the database back with \`lifeboat undo latest\`.`,
    },
  )
}

async function requireSamePlan(
  context: RestoreContext,
  plan: RestorePlan,
  signal: AbortSignal | undefined,
): Promise<void> {
  const now = await planRestore(context, plan.options, { signal })
  if (now.hash !== plan.hash) {
    throw new EngineError('PLAN_CHANGED', 'The plan is not what it was any more.', { detail: { plan: now } })
  }
}

function requireNoRefusal({ refusals }: RestorePlan): void {
  const [first] = refusals
  if (first) throw new EngineError('RESTORE_REFUSED', first.text, { detail: { refusals } })
}

function mediaPaths(context: RestoreContext, { options: { mediaTarget } }: RestorePlan): string[] {
  const given = typeof mediaTarget === 'object' ? Object.values(mediaTarget) : []
  return [...context.media.map(({ path }) => path), ...given, ...(typeof mediaTarget === 'string' ? [mediaTarget] : [])]
}

/** For in-place the database itself will do: only its locks are needed. */
async function openControl(
  context: RestoreContext,
  plan: RestorePlan,
  signal: AbortSignal | undefined,
): Promise<Session> {
  const control = await openControlSession(context.database, { target: plan.database, signal })
  if (control) return control
  return openSession(withDatabase(context.database, plan.database), { application: 'restore control', signal })
}

async function unpackAll(run: RestoreRun): Promise<UnpackedMedia[]> {
  const { manifest, options, context, reader, progress, id, signal } = run
  const names = manifest.media.map(({ name }) => name)
  const targets = mediaTargets(names, options.mediaTarget, context.media)
  if (targets.length === 0) return []
  progress.phase('media', { bytes: manifest.media_size })
  const unpacked: UnpackedMedia[] = []
  try {
    for (const { name, target } of targets) {
      const record = manifest.media.find((media) => media.name === name)
      if (!record || target === null) continue
      const onBytes = (bytes: number) => progress.add({ bytes })
      unpacked.push(await unpackMedia(reader, record, target, { restoreId: id, signal, onBytes }))
    }
  } catch (error) {
    await removeUnused(unpacked, [])
    throw error
  }
  progress.end()
  return unpacked
}

async function swapAll({ progress, report }: RestoreRun, unpacked: UnpackedMedia[]): Promise<RestoreResult['media']> {
  if (unpacked.length > 0) progress.phase('swap-media')
  const swapped: RestoreResult['media'] = []
  for (const one of unpacked) {
    const { kept } = await swapMedia(one, new Date()).catch((cause: unknown) => {
      throw mediaNotInPlace(one, swapped, cause)
    })
    log(report, 'info', `Media "${one.name}" is in place${kept ? `; the old folder is ${kept}` : ''}.`)
    swapped.push({ name: one.name, target: one.target, kept })
  }
  return swapped
}

async function removeUnused(unpacked: UnpackedMedia[], swapped: RestoreResult['media']): Promise<void> {
  for (const { fresh, target } of unpacked) {
    if (!swapped.some((one) => one.target === target)) await rm(fresh, { recursive: true, force: true })
  }
}
