import { counted } from '../counted.ts'
import { EngineError, isEngineError } from '../errors.ts'
import { log } from '../events.ts'
import type { CopyResult } from '../maintenance/copy.ts'
import type { PruneResult } from '../maintenance/prune.ts'
import { localTimeZone } from '../policy/calendar.ts'
import type { RetentionPolicy } from '../policy/retention.ts'
import type { Repository } from '../repository/repository.ts'
import { type CopyPlace, findCopy } from './copy-places.ts'
import type { Running } from './engine-type.ts'
import { type EngineParts, keySource } from './parts.ts'
import { retentionBackup, type StoredBackup } from './summary.ts'

/** The configured copies of the repository. */
export interface Copies {
  names(): string[]
  /**
   * Brings a copy up to date, lets its retention drop what it may, and frees the space. `create` makes the folder of a
   * copy that has none yet. Throws `COPY_NOT_FOUND`, and what `copyRepository` throws.
   */
  update(name: string, options?: Running & { create?: boolean }): Promise<CopyUpdate>
  /** How far each copy is. Never throws for a copy that cannot be asked: that is its state. */
  states(options?: Pick<Running, 'signal'> & { fresh?: boolean }): Promise<CopyState[]>
}

export interface CopyUpdate extends CopyResult {
  name: string
  /** Ids of the backups its retention has let go. */
  forgotten: string[]
  pruned: Pick<PruneResult, 'packsMarked' | 'packsDeleted' | 'bytesFreed'> | null
}

export interface CopyState {
  name: string
  /** Where it is, without secrets. */
  location: string
  level: 'ok' | 'warning'
  /** One line for people. */
  message: string
  /** Backups it holds; null where it could not be asked. */
  backups: number | null
  /** Backups it should hold and does not. */
  missing: number | null
  newest_at: string | null
  error: { code: string; detail: string; advice: string } | null
}

/** A status is asked for often and must not wait for a copy that is away. */
const rememberedMs = 60_000
const answerMs = 8_000
/** What kept single backups from being copied. */
const ofOneBackup: readonly string[] = ['CHUNK_MARKED', 'CHUNK_MISSING', 'REPOSITORY_DAMAGED']

export function createCopies(parts: EngineParts): Copies {
  let remembered: { at: number; states: Promise<CopyState[]> } | undefined
  /** By its place, so that what was read of it once is not read again. */
  const opened = new Map<string, Repository>()

  const repositoryOf = (source: Repository, place: CopyPlace): Repository => {
    const known = opened.get(place.name) ?? { ...source, storage: place.storage, copies: [] }
    opened.set(place.name, known)
    return known
  }

  async function plan(place: CopyPlace, signal: AbortSignal | undefined, fresh = false) {
    const { copyPlan } = await import('../maintenance/copy-plan.ts')
    const source = await parts.repository()
    const { readStoredBackups } = await import('./stored-backups.ts')
    const here = await readStoredBackups(source, signal)
    const there = await readStoredBackups(repositoryOf(source, place), signal, { fresh })
    const policy = policyOf(place, parts)
    const { clocksOf } = await import('./read-clocks.ts')
    const decided = copyPlan(judged(here.backups), judged(there.backups), policy, clocksOf(there.backups))
    return { ...decided, there }
  }

  async function stateOf(place: CopyPlace, signal: AbortSignal | undefined): Promise<CopyState> {
    const common = { name: place.name, location: place.storage.location }
    const limit = AbortSignal.timeout(answerMs)
    try {
      const { missing, there } = await plan(place, signal ? AbortSignal.any([signal, limit]) : limit)
      const newest_at = there.backups[0]?.manifest.created_at ?? null
      const holds = `Copy "${place.name}" holds ${counted(there.backups.length, 'backup')}`
      const damaged = there.damaged.length
      const message = `${holds}${missing.length > 0 ? ` and lacks ${missing.length}` : ''}${damaged > 0 ? `; ${damaged} of its manifests cannot be read` : ''}.`
      const level = missing.length > 0 || damaged > 0 ? 'warning' : 'ok'
      return {
        ...common,
        level,
        message,
        backups: there.backups.length,
        missing: missing.length,
        newest_at,
        error: null,
      }
    } catch (error) {
      if (signal?.aborted) throw error
      const code = limit.aborted ? 'STORAGE_FAILED' : isEngineError(error) ? error.code : 'INTERNAL'
      const reason = limit.aborted ? `It did not answer in ${answerMs / 1000} s.` : (error as Error).message
      const message = `Copy "${place.name}" cannot be looked at: ${reason}`
      return {
        ...{ ...common, level: 'warning', message, backups: null, missing: null, newest_at: null },
        error: { code, detail: reason, advice: adviceOf(error) },
      }
    }
  }

  return {
    names: () => parts.copies.map(({ name }) => name),

    async update(name, { create = false, signal, report } = {}) {
      const place = findCopy(parts.copies, name)
      await requirePlace(place, { create, signal })
      const { copyRepository } = await import('../maintenance/copy.ts')
      const { forgetBackup } = await import('../maintenance/forget.ts')
      const { prune } = await import('../maintenance/prune.ts')
      const source = await parts.repository()
      const storage = create ? place.made() : place.storage
      remembered = undefined
      const { encryption } = place.settings
      const ownKey =
        encryption === undefined || parts.settings.encryption === undefined
          ? undefined
          : { own: await keySource(encryption), current: await keySource(parts.settings.encryption) }
      const only = policyOf(place, parts) === null ? undefined : new Set((await planOrAll(place)).missing)
      let failure: unknown
      const result = await copyRepository(source, storage, { only, ownKey, signal, report }).catch((error: unknown) => {
        // What waits for a prune of the copy would wait for ever if a failure kept it from being pruned.
        if (!isEngineError(error) || !ofOneBackup.includes(error.code)) throw error
        failure = error
        return { copied: [], present: 0, packs: 0, bytes: 0 }
      })
      const target = repositoryOf(source, place)
      const forgotten: string[] = []
      for (const id of policyOf(place, parts) === null ? [] : (await plan(place, signal)).forget) {
        const isGone = await forgetBackup(target, id, { signal }).then(
          () => true,
          (error: unknown) => {
            // An object lock holds it: a later run lets it go.
            if (isEngineError(error, 'BACKUP_LOCKED')) return false
            throw error
          },
        )
        if (!isGone) continue
        forgotten.push(id)
        log(report, 'info', `Copy "${name}" has let backup ${id} go.`, { id })
      }
      const pruned = policyOf(place, parts) === null ? null : await prune(target, { signal, report })
      remembered = undefined
      if (failure !== undefined) throw failure
      const { packsMarked = 0, packsDeleted = 0, bytesFreed = 0 } = pruned ?? {}
      return { name, ...result, forgotten, pruned: pruned && { packsMarked, packsDeleted, bytesFreed } }

      /** Into a place where nothing is yet goes what its retention would keep of what there is here. */
      async function planOrAll(one: CopyPlace) {
        try {
          return await plan(one, signal)
        } catch (error) {
          if (!create || !isEngineError(error, 'STORAGE_GONE')) throw error
          const { copyPlan } = await import('../maintenance/copy-plan.ts')
          const { readStoredBackups } = await import('./stored-backups.ts')
          const here = await readStoredBackups(source, signal)
          const { clocksOf } = await import('./read-clocks.ts')
          return copyPlan(judged(here.backups), [], policyOf(one, parts), clocksOf([]))
        }
      }
    },

    states({ signal, fresh = false } = {}) {
      const now = performance.now()
      if (fresh || !remembered || now - remembered.at > rememberedMs) {
        const states = Promise.all(parts.copies.map((place) => stateOf(place, signal)))
        remembered = { at: now, states }
        states.catch(() => {
          remembered = undefined
        })
      }
      return remembered.states
    },
  }
}

/**
 * A folder that is not there is made by the command alone. Throws `STORAGE_GONE`, with what to do about this copy: the
 * advice of the repository's own, to make a new one, would be wrong.
 */
async function requirePlace(
  place: CopyPlace,
  { create, signal }: { create: boolean; signal: AbortSignal | undefined },
): Promise<void> {
  const { repository } = place.settings
  if (typeof repository === 'string') {
    const { refuseUnmounted } = await import('./refuse-unmounted.ts')
    await refuseUnmounted(repository)
  }
  if (create) return
  try {
    await place.storage.stat('config', { signal })
  } catch (error) {
    if (!isEngineError(error, 'STORAGE_GONE')) throw error
    throw new EngineError('STORAGE_GONE', error.message, { cause: error, advice: adviceOf(error) })
  }
}

function adviceOf(error: unknown): string {
  if (isEngineError(error, 'STORAGE_GONE'))
    return 'Is its disk or share mounted? Where the copy was never made, {copies.update} makes its place, once.'
  return isEngineError(error) ? error.advice : 'Look at the storage, then bring the copy up to date.'
}

/** What a copy keeps; null: everything. */
function policyOf({ settings: { retention } }: CopyPlace, parts: EngineParts): RetentionPolicy | null {
  if (retention === undefined) return null
  return {
    newest: retention.max_backups ?? 0,
    days: retention.retention_days ?? 0,
    hourly: retention.keep_hourly ?? 0,
    daily: retention.keep_daily ?? 0,
    weekly: retention.keep_weekly ?? 0,
    monthly: retention.keep_monthly ?? 0,
    yearly: retention.keep_yearly ?? 0,
    safetyDays: retention.safety_backup_days ?? 7,
    timeZone: parts.settings.runTime.time_zone ?? localTimeZone(),
  }
}

const judged = (backups: readonly StoredBackup[]) => backups.map((backup) => retentionBackup(backup))
