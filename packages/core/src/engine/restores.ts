import { EngineError } from '../errors.ts'
import { type AroundSwap, defaultRestoreOptions, type RestoreContext, type RestoreOptions } from '../restore/options.ts'
import type { RestorePlan } from '../restore/plan/plan.ts'
import type { RestoreProblem } from '../restore/restore-result.ts'
import type { Backups } from './backups.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import {
  type KeptDatabaseSummary,
  type KeptMediaSummary,
  keptDatabaseSummary,
  keptMediaSummary,
  type RestoreSummary,
  restoreSummary,
} from './restore-summary.ts'
import { whileOpening } from './while-opening.ts'

/** What may be said of a restore; what is left out is as `defaultRestoreOptions` has it: swap, migrate, safety backup. */
export type RestoreRequest = Partial<Omit<RestoreOptions, 'backupId'>> & OfDatabase & Running

/** `everyName`: also those of other databases of the server; for what is matched by the ids of restores. */
export type KeptOptions = OfDatabase & Running & { everyName?: boolean }

/** Restores: planned, run, undone. Every one begins with a plan that can be looked at. */
export interface Restores {
  /** What a restore would do and why it would not. Changes nothing. */
  plan(reference: string, options?: RestoreRequest): Promise<RestorePlan>
  /**
   * Restores. `confirm` is the hash of the plan that was looked at (`PLAN_CHANGED` if it is another one by now), or
   * `true` where no person looks at it. `RESTORE_REFUSED` where the plan refuses.
   */
  run(reference: string, options: RestoreRequest & { confirm: string | true; id?: string }): Promise<RestoreSummary>
  /** The databases that restores replaced and that can still be put back, newest first. */
  kept(options?: KeptOptions): Promise<KeptDatabaseSummary[]>
  /** The one a reference means: a restore's id, its first characters, the database's name, or `latest`. */
  findKept(reference: string, options?: OfDatabase & Running): Promise<KeptDatabaseSummary>
  /** What restores keep of the configured media folders, newest first: also those of in-place restores. */
  keptMedia(options?: OfDatabase & Running): Promise<KeptMediaSummary[]>
  /**
   * Puts back what a restore replaced, database and media folders; what is live now is kept in its turn, so that an undo
   * can be undone. What is wrong although the database is as it was, is in `problems`.
   */
  undo(reference: string, options?: OfDatabase & Running): Promise<UndoSummary>
  /** Drops the database that a restore keeps, and the media folders kept with it. */
  discard(reference: string, options?: OfDatabase & Running): Promise<{ dropped: string | null; removed: string[] }>
  /**
   * Puts back the media folders that a restore of media alone replaced, all of them or none; what is there now is kept in its
   * turn, so that an undo can be undone. `undone`: whether what was before the restore is in place now.
   */
  undoMedia(
    restoreId: string,
    options?: OfDatabase & Running,
  ): Promise<{ media: { folder: string; kept: string | null }[]; undone: boolean }>
  /** Removes the media folders that an in-place restore keeps: there is no database to discard. */
  discardMedia(restoreId: string, options?: OfDatabase & Running): Promise<{ removed: string[] }>
}

export interface UndoSummary {
  database: string
  kept_database: string | null
  undo_until: string | null
  /** The media folders that were put back, and where what was in them until now is kept. */
  media: { folder: string; kept: string | null }[]
  problems: RestoreProblem[]
}

export function createRestores(parts: EngineParts, backups: Backups, aroundSwap: AroundSwap): Restores {
  const context = async (label: string | undefined): Promise<RestoreContext> => ({
    ...(await parts.backupContext(label)),
    validators: parts.settings.validators,
    dataMigrations: parts.settings.dataMigrations,
    keepReplacedDays: parts.settings.keepReplacedDays,
    masking: parts.settings.masking,
    aroundSwap,
  })
  const asked = async (reference: string, request: RestoreRequest): Promise<RestoreOptions> => {
    const { database, signal, report: _, ...options } = request
    const { id } = await backups.get(reference, { database, signal })
    const given = Object.fromEntries(
      Object.entries(options).filter(([key, value]) => value !== undefined && key !== 'confirm' && key !== 'id'),
    )
    // The name of a backup that may be another one tomorrow does not belong into a plan.
    const named = options.schemaFrom && (await backups.get(options.schemaFrom, { database, signal })).id
    const asked = { ...defaultRestoreOptions, ...given, backupId: id, ...(named ? { schemaFrom: named } : {}) }
    if (asked.strategy !== 'media') return asked
    return { ...asked, mediaTarget: asked.mediaTarget ?? true, migrate: false }
  }

  const mediaPaths = () => parts.mediaFolders().map(({ path }) => path)

  const restores: Restores = {
    async plan(reference, request = {}) {
      const { done } = await whileOpening(parts, () => import('../restore/plan/plan-restore.ts'))
      return done.planRestore(await context(request.database), await asked(reference, request), {
        signal: request.signal,
      })
    },

    async run(reference, request) {
      const { signal, report, confirm, id } = request
      const { done } = await whileOpening(parts, () =>
        Promise.all([import('../restore/plan/plan-restore.ts'), import('../restore/run-restore.ts')]),
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

    async kept({ database, everyName = false, signal } = {}) {
      const [{ openControlSession }, { listKeptDatabases }] = await Promise.all([
        import('../restore/database/control-session.ts'),
        import('../restore/undo/kept-databases.ts'),
      ])
      const parameters = parts.connection(database)
      const control = await openControlSession(parameters, { target: parameters.database, signal })
      if (!control) return []
      try {
        return (await listKeptDatabases(control.query, everyName ? undefined : parameters.database)).map(
          keptDatabaseSummary,
        )
      } finally {
        await control.close()
      }
    },

    async keptMedia({ database, signal } = {}) {
      const [{ openControlOrOwn }, { listKeptMedia }] = await Promise.all([
        import('../restore/database/control-session.ts'),
        import('../restore/undo/undo-media.ts'),
      ])
      const parameters = parts.connection(database)
      const control = await openControlOrOwn(parameters, { target: parameters.database, signal })
      try {
        return (await listKeptMedia(control.query, mediaPaths())).map(keptMediaSummary)
      } finally {
        await control.close()
      }
    },

    async findKept(reference, options) {
      const all = await restores.kept({ ...options, everyName: true })
      const own = parts.connection(options?.database).database
      const kept = all.filter(({ database }) => database === own)
      if (reference === 'latest' && kept[0]) return kept[0]
      // A whole id says enough, also of a restore into another database; names and first characters may be other applications'.
      const exact =
        kept.find(({ kept_database: name }) => name === reference) ?? all.find(({ restore_id: id }) => id === reference)
      if (exact) return exact
      const matches = reference.length >= 4 ? kept.filter(({ restore_id: id }) => id.startsWith(reference)) : []
      const [only, second] = matches
      if (!only) throw new EngineError('RESTORE_NOT_FOUND', `No kept database belongs to restore "${reference}".`)
      if (second)
        throw new EngineError('RESTORE_AMBIGUOUS', `${matches.length} restores begin with "${reference}".`, {
          detail: { ids: matches.map(({ restore_id: id }) => id) },
        })
      return only
    },

    async undo(reference, options = {}) {
      const { kept_database: name } = await findNamed(reference, options)
      const { undoRestore } = await import('../restore/undo/kept-databases.ts')
      const undone = await undoRestore(parts.connection(options.database), name, {
        signal: options.signal,
        report: options.report,
        keepDays: parts.settings.keepReplacedDays,
        media: mediaPaths(),
        aroundSwap,
      })
      const { database, keptDatabase, undoUntil, media, problems } = undone
      return { database, kept_database: keptDatabase, undo_until: undoUntil, media, problems }
    },

    async discard(reference, options = {}) {
      const { kept_database: name } = await findNamed(reference, options)
      const { discardRestore } = await import('../restore/undo/kept-databases.ts')
      return discardRestore(parts.connection(options.database), name, {
        signal: options.signal,
        report: options.report,
        media: mediaPaths(),
      })
    },

    async undoMedia(restoreId, options = {}) {
      const [{ openControlOrOwn }, { undoMediaAlone }, { lockTarget }] = await Promise.all([
        import('../restore/database/control-session.ts'),
        import('../restore/undo/undo-media-alone.ts'),
        import('../restore/restore-lock.ts'),
      ])
      const parameters = parts.connection(options.database)
      const control = await openControlOrOwn(parameters, { target: parameters.database })
      try {
        await lockTarget(control.query, parameters.database)
        return await undoMediaAlone(control.query, restoreId, {
          ...{ targets: mediaPaths(), keepDays: parts.settings.keepReplacedDays ?? 7, report: options.report },
        })
      } finally {
        await control.close()
      }
    },

    async discardMedia(restoreId, options = {}) {
      const kept = (await restores.keptMedia(options)).some((one) => one.restore_id === restoreId)
      if (!kept) throw new EngineError('RESTORE_NOT_FOUND', `Restore "${restoreId}" keeps no media folder here.`)
      if ((await restores.kept(options)).some((one) => one.restore_id === restoreId))
        throw new EngineError('CONFIG_INVALID', `Restore ${restoreId} keeps a database too.`, {
          advice: 'Discard the restore: its media folders go with the database.',
        })
      const { discardRestore } = await import('../restore/undo/kept-databases.ts')
      const { removed } = await discardRestore(parts.connection(options.database), restoreId, {
        ...{ signal: options.signal, report: options.report, media: mediaPaths() },
      })
      return { removed }
    },
  }
  /** By its full name one is meant whatever database it was; what asks by it has looked it up. */
  const findNamed = async (reference: string, options: OfDatabase & Running) => {
    const all = await restores.kept({ ...options, everyName: true })
    return all.find(({ kept_database: name }) => name === reference) ?? restores.findKept(reference, options)
  }
  return restores
}
