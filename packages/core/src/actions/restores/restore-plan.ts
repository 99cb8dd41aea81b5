import type { z } from 'zod'
import type { Json } from '../../catalog/catalog.ts'
import { findBackup, listBackups } from '../../engine/background/backup-history.ts'
import { type BackupRow, isCompleted } from '../../engine/background/backup-rows.ts'
import type { RestoreRequest } from '../../engine/restores.ts'
import { EngineError, isEngineError } from '../../errors.ts'
import type { BackupForecast } from '../../migrations/forecast.ts'
import { targetRefusal } from '../../policy/restore-targets.ts'
import type { RestorePlan } from '../../restore/plan/plan.ts'
import { unsignedOverride } from '../../restore/plan/plan-carried.ts'
import type { RestoreLoss } from '../../rows/restore-loss.ts'
import type { ActionContext, PlanLoss } from '../action.ts'
import { snakeCase } from '../wire.ts'
import type { SnakeDeep, SnakeFields } from '../wire-types.ts'
import { type restoreInput, restoreRequest } from './input.ts'

/** The plan of a restore, and what the engine was asked for. */
export async function planOf(
  context: ActionContext,
  asked: z.output<typeof restoreInput>,
  { isShown = true }: { isShown?: boolean } = {},
): Promise<{ plan: PlannedRestore; request: RestoreRequest; backupId: string }> {
  const { signal, restores } = context
  const refusal = refusalOfTarget(context, asked)
  if (refusal !== null) throw new EngineError('TARGET_NOT_LISTED', refusal)
  const backup = await findMeant(context, asked)
  if (backup.status !== 'completed')
    throw new EngineError('BACKUP_NOT_COMPLETED', `Backup ${backup.id} is ${backup.status}.`, {
      detail: { id: backup.id, status_of_backup: backup.status },
    })
  const request = requestOf(context, asked)
  const plan = await restores.plan(backup.id, { ...request, signal })
  const lost = isShown ? await lossOf(context, asked, plan) : null
  return { plan: { ...plan, lost, instead: await insteadOf(context, asked, plan) }, request, backupId: backup.id }
}

/**
 * Over HTTP no caller can skip a missing signature: an attacker who controls the application must not reach the key.
 */
function requestOf({ caller }: ActionContext, asked: z.output<typeof restoreInput>): RestoreRequest {
  const request = restoreRequest(asked)
  if (caller.face !== 'http') return request
  return { ...request, overrides: asked.overrides.filter((name) => name !== unsignedOverride) }
}

/** A plan, and what is no part of its hash, because it changes while people read it. */
export type PlannedRestore = RestorePlan & {
  /** What it would lose: rows come in. */
  lost: RestoreLoss | null
  /** Where it is refused for its migrations: the nearest backup that the code could restore. */
  instead: BackupForecast['instead']
}

const ofMigrations = new Set(['BACKUP_AHEAD', 'BACKUP_DIVERGED', 'BACKUP_DIRTY', 'BACKUP_EDITED'])

async function insteadOf(
  { backups, signal }: ActionContext,
  { database }: z.output<typeof restoreInput>,
  { refusals, backup }: RestorePlan,
): Promise<BackupForecast['instead']> {
  if (!refusals.some(({ code }) => ofMigrations.has(code))) return null
  const forecast = await backups.forecast({ database, signal })
  return forecast.backups.find((one) => one.backup === backup.id)?.instead ?? null
}

/** `null` where nothing is replaced, where the plan refuses, and where it was confirmed already. */
async function lossOf(
  { rows, caller, signal }: ActionContext,
  { database, lossTimeoutMs: timeoutMs }: z.output<typeof restoreInput>,
  plan: RestorePlan,
): Promise<RestoreLoss | null> {
  const isConfirmed = caller.confirm === true || caller.confirm === plan.hash
  if (!plan.replaces || plan.refusals.length > 0 || isConfirmed) return null
  return rows.restoreLoss(plan.backup.id, { database, replaced: plan.database, timeoutMs, signal })
}

/** The same for people who approve, and again when it goes ahead: confirmed or not. */
export async function lossToApprove(
  { rows, signal }: ActionContext,
  { database, lossTimeoutMs: timeoutMs }: z.output<typeof restoreInput>,
  plan: PlannedRestore,
): Promise<PlanLoss | null> {
  if (!plan.replaces) return null
  const call = { database, replaced: plan.database, timeoutMs, signal }
  const lost = plan.lost ?? (await rows.restoreLoss(plan.backup.id, call))
  const counted = lost.unknown === null ? lost.added_or_changed : null
  return { counts: { rows: counted, tables: lost.made.length }, document: { ...lost } }
}

/**
 * The backup that a reference means. `latest` for a database without a backup, such as an empty one that was made for a
 * restore, is the newest backup of the repository where all of them are of one database. The plan says whose it is, and
 * refuses to replace anything by it.
 */
async function findMeant(
  context: ActionContext,
  { backup, database, strategy }: Pick<z.output<typeof restoreInput>, 'backup' | 'database' | 'strategy'>,
): Promise<BackupRow> {
  const { signal } = context
  try {
    const holding = strategy === 'media' ? 'media' : 'database'
    return await findBackup(context, backup, { database, signal, holding })
  } catch (error) {
    if (backup !== 'latest' || !isEngineError(error, 'BACKUP_NOT_FOUND')) throw error
    const { rows } = await listBackups(context, { signal })
    const completed = rows.filter(isCompleted).filter((row) => row.media_only === (strategy === 'media'))
    const [newest] = completed.sort((a, b) => b.number - a.number)
    if (!newest || completed.some((row) => row.database !== newest.database)) throw error
    return newest
  }
}

/** Why a restore that came over HTTP must not go where it is asked to; null for every other face. */
export function refusalOfTarget(
  { parts, caller }: ActionContext,
  { targetDatabase, database, strategy, intoOther }: z.output<typeof restoreInput>,
): string | null {
  const own = parts.optionalConnection(database)?.database
  if (caller.face !== 'http' || own === undefined) return null
  return targetRefusal({ asked: targetDatabase, own, strategy, intoOther, listed: parts.settings.restoreTargets })
}

/** A restore plan as the wire has it. */
export type PlanDocument = Omit<PlannedRestore, 'options' | 'migrations'> & {
  options: SnakeFields<RestorePlan['options']>
  migrations: SnakeDeep<RestorePlan['migrations']>
}

/** As people see it, over HTTP and in the audit log: names of options in snake_case; keys of maps stay. */
export function planDocument(plan: PlannedRestore): PlanDocument {
  return {
    ...plan,
    options: renamed({ ...plan.options }) as unknown as PlanDocument['options'],
    migrations: plan.migrations.map((facts) => renamedDeep({ ...facts })) as PlanDocument['migrations'],
  }
}

const renamed = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).map(([name, entry]) => [snakeCase(name), entry]))

/** For what has no maps in it. */
function renamedDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(renamedDeep)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [snakeCase(name), renamedDeep(entry)]))
}
