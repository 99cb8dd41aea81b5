import { EngineError } from '../errors.ts'
import { type AroundSwap, defaultRestoreOptions, type RestoreContext, type RestoreOptions } from '../restore/options.ts'
import type { RestorePlan } from '../restore/plan.ts'
import type { Backups } from './backups.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import {
  type KeptDatabaseSummary,
  keptDatabaseSummary,
  type RestoreSummary,
  restoreSummary,
} from './restore-summary.ts'
import { whileOpening } from './while-opening.ts'

/** What may be said of a restore; what is left out is as `defaultRestoreOptions` has it: swap, migrate, safety backup. */
export type RestoreRequest = Partial<Omit<RestoreOptions, 'backupId'>> & OfDatabase & Running

/** Restores: planned, run, undone. Every one begins with a plan that can be looked at. */
export interface Restores {
  /** What a restore would do and why it would not. Changes nothing. */
  plan(reference: string, options?: RestoreRequest): Promise<RestorePlan>
  /**
   * Restores. `confirm` is the hash of the plan that was looked at (`PLAN_CHANGED` if it is another one by now), or
   * `true` where nobody looks. `RESTORE_REFUSED` where the plan refuses.
   */
  run(reference: string, options: RestoreRequest & { confirm: string | true; id?: string }): Promise<RestoreSummary>
  /** The databases that restores replaced and that can still be put back, newest first. */
  kept(options?: OfDatabase & Running): Promise<KeptDatabaseSummary[]>
  /** The one a reference means: a restore's id, its first characters, the database's name, or `latest`. */
  findKept(reference: string, options?: OfDatabase & Running): Promise<KeptDatabaseSummary>
  /** Puts back what a restore replaced; what is live now is kept in its turn, so that an undo can be undone. */
  undo(
    reference: string,
    options?: OfDatabase & Running,
  ): Promise<{ database: string; kept_database: string | null; undo_until: string | null }>
  discard(reference: string, options?: OfDatabase & Running): Promise<{ dropped: string }>
}

export function createRestores(parts: EngineParts, backups: Backups, aroundSwap: AroundSwap): Restores {
  const context = async (label: string | undefined): Promise<RestoreContext> => ({
    ...(await parts.backupContext(label)),
    validators: parts.settings.validators,
    keepReplacedDays: parts.settings.keepReplacedDays,
    aroundSwap,
  })
  const asked = async (reference: string, request: RestoreRequest): Promise<RestoreOptions> => {
    const { database, signal, report: _, ...options } = request
    const { id } = await backups.get(reference, { database, signal })
    const given = Object.fromEntries(
      Object.entries(options).filter(([key, value]) => value !== undefined && key !== 'confirm' && key !== 'id'),
    )
    return { ...defaultRestoreOptions, ...given, backupId: id }
  }

  const restores: Restores = {
    async plan(reference, request = {}) {
      const { done } = await whileOpening(parts, () => import('../restore/plan-restore.ts'))
      return done.planRestore(await context(request.database), await asked(reference, request), {
        signal: request.signal,
      })
    },

    async run(reference, request) {
      const { signal, report, confirm, id } = request
      const { done } = await whileOpening(parts, () =>
        Promise.all([import('../restore/plan-restore.ts'), import('../restore/run-restore.ts')]),
      )
      const [{ planRestore }, { runRestore }] = done
      const ready = await context(request.database)
      const plan = await planRestore(ready, await asked(reference, request), { signal })
      if (confirm !== true && confirm !== plan.hash)
        throw new EngineError('PLAN_CHANGED', 'The plan is not the one that was confirmed.', { detail: { plan } })
      const startedAt = new Date()
      return restoreSummary(
        await runRestore(ready, plan, { id, plannedNow: true, signal, report }),
        startedAt,
        new Date(),
      )
    },

    async kept({ database, signal } = {}) {
      const [{ openControlSession }, { listKeptDatabases }] = await Promise.all([
        import('../restore/control-session.ts'),
        import('../restore/kept-databases.ts'),
      ])
      const parameters = parts.connection(database)
      const control = await openControlSession(parameters, { target: parameters.database, signal })
      if (!control) return []
      try {
        return (await listKeptDatabases(control.query, parameters.database)).map(keptDatabaseSummary)
      } finally {
        await control.close()
      }
    },

    async findKept(reference, options) {
      const kept = await restores.kept(options)
      const matches =
        reference === 'latest'
          ? kept.slice(0, 1)
          : kept.filter(
              ({ restore_id: id, kept_database: name }) =>
                id === reference || name === reference || (reference.length >= 4 && id.startsWith(reference)),
            )
      const [only, second] = matches
      if (!only) throw new EngineError('RESTORE_NOT_FOUND', `No kept database belongs to restore "${reference}".`)
      if (second) throw new EngineError('BACKUP_AMBIGUOUS', `${matches.length} restores begin with "${reference}".`)
      return only
    },

    async undo(reference, options = {}) {
      const { restore_id: restoreId } = await restores.findKept(reference, options)
      const { undoRestore } = await import('../restore/kept-databases.ts')
      const { database, keptDatabase, undoUntil } = await undoRestore(parts.connection(options.database), restoreId, {
        signal: options.signal,
        report: options.report,
        keepDays: parts.settings.keepReplacedDays,
        aroundSwap,
      })
      return { database, kept_database: keptDatabase, undo_until: undoUntil }
    },

    async discard(reference, options = {}) {
      const { restore_id: restoreId } = await restores.findKept(reference, options)
      const { discardRestore } = await import('../restore/kept-databases.ts')
      return discardRestore(parts.connection(options.database), restoreId, {
        signal: options.signal,
        report: options.report,
      })
    },
  }
  return restores
}
