import { isEngineError } from '../../errors.ts'
import type { Reporter } from '../../events.ts'
import { finishRestored, nothingRan } from '../database/finish-restored.ts'
import { type FilledCopy, gatherStatistics } from '../database/restore-beside.ts'
import { newRestoreId } from '../names.ts'
import { defaultRestoreOptions, type RestoreContext, type Running } from '../options.ts'
import { planRestore } from '../plan/plan-restore.ts'
import type { RestoreRun } from '../restore-run.ts'
import { runTrialRestore } from '../run-restore.ts'
import { checkFreshness, type FreshnessRule, type FreshRow } from './check-freshness.ts'
import { checkIndexes } from './check-indexes.ts'
import { proveMedia } from './prove-media.ts'

/** What is known of a drill, filled in as it goes, so that it is known after a failure too. */
export interface DrilledRestore {
  /** What is wrong with what was restored. */
  problems: string[]
  /** What was not checked, and why. */
  notes: string[]
  /** Whether the rows were there, as many as the backup says. */
  restored: boolean
  recoveryMs: number | null
  phases: { phase: string; milliseconds: number }[]
  tables: number
  rows: number
  migrations: string[]
  dataMigrations: string[]
  validators: string[]
  freshness: FreshRow[]
  indexes: number | null
  mediaBytes: number
}

export const nothingDrilled = (): DrilledRestore => ({
  ...{ problems: [], notes: [], restored: false, recoveryMs: null, phases: [], tables: 0, rows: 0 },
  ...{ migrations: [], dataMigrations: [], validators: [], freshness: [], indexes: null, mediaBytes: 0 },
})

/**
 * Restores a backup by the path of every restore into a database that never goes live, and looks at it: invariants,
 * migrations, data migrations and validators as a restore does, then freshness, indexes by amcheck, and a sample of the
 * media. What is wrong with it is in `drill.problems`. The copy is dropped on every path; where the process dies it is a
 * leftover like that of any other restore.
 *
 * The recovery is timed from `since`, a moment of `performance.now()`: what was opened for it counts.
 *
 * @throws EngineError what a restore throws: it says whether it speaks of the backup.
 */
export async function drillRestore(
  context: RestoreContext,
  { backupId, freshness, since }: { backupId: string; freshness: readonly FreshnessRule[]; since: number },
  { signal, report }: Running,
  drill: DrilledRestore,
): Promise<void> {
  const clock = phaseClock(drill.phases, report)
  try {
    clock.report({ type: 'phase', phase: 'plan' })
    const target = `lifeboat_drill_${newRestoreId()}`
    const given = {
      strategy: 'new-database' as const,
      targetDatabase: target,
      noTablespaces: true,
      safetyBackup: false,
    }
    const plan = await planRestore(context, { ...defaultRestoreOptions, backupId, ...given }, { signal })
    await runTrialRestore(context, plan, { signal, report: clock.report }, async (run, copy) => {
      drill.restored = true
      drill.tables = copy.content.tables.length
      drill.rows = run.manifest.row_count
      await gatherStatistics(run, copy)
      const isFinished = await finish(run, copy, drill)
      drill.recoveryMs = performance.now() - since
      await look(run, copy, { drill, freshness: isFinished ? freshness : [] })
      run.progress.phase('drop')
    })
  } finally {
    clock.end()
  }
}

/** Whether migrations and validators went through. */
async function finish(run: RestoreRun, { parameters }: FilledCopy, drill: DrilledRestore): Promise<boolean> {
  const ran = nothingRan()
  try {
    run.progress.phase('finish')
    await finishRestored(run, parameters, ran)
    return true
  } catch (error) {
    const isFound = isEngineError(error, 'MIGRATION_FAILED') || isEngineError(error, 'VALIDATION_FAILED')
    if (!isFound || run.signal?.aborted) throw error
    drill.problems.push(error.message)
    drill.notes.push('Freshness is not looked at: the restored database did not get as far as the code.')
    return false
  } finally {
    drill.migrations = ran.migrations
    drill.dataMigrations = ran.dataMigrations.map(({ name }) => name)
    drill.validators = ran.validators
  }
}

interface Looking {
  drill: DrilledRestore
  freshness: readonly FreshnessRule[]
}

async function look(run: RestoreRun, copy: FilledCopy, { drill, freshness }: Looking): Promise<void> {
  const { manifest, context } = run
  if (manifest.row_count === 0 && manifest.large_object_count === 0)
    drill.problems.push('The restored database has no rows: there is nothing in this backup to recover.')
  if (freshness.length > 0) {
    run.progress.phase('freshness')
    const found = await checkFreshness(copy.parameters, freshness, { takenAt: manifest.snapshot.taken_at, run })
    drill.freshness = found.rows
    drill.problems.push(...found.problems)
  }
  run.progress.phase('check-indexes')
  const indexes = await checkIndexes(copy.parameters, run)
  drill.indexes = indexes.checked
  drill.problems.push(...indexes.problems)
  drill.notes.push(...indexes.notes)
  if (manifest.media.length > 0) {
    run.progress.phase('media')
    drill.mediaBytes = await proveMedia(run)
  } else if (context.media.length > 0) drill.notes.push('The backup holds no media.')
  const own = [context.validators, context.invariants, freshness].some((one) => (one?.length ?? 0) > 0)
  if (!own)
    drill.notes.push(
      'It was restored and counted; nothing of your own was checked: there is no validator, invariant or freshness.',
    )
}

/** Times each phase, and passes everything on. */
function phaseClock(phases: DrilledRestore['phases'], report: Reporter | undefined) {
  let running: { phase: string; since: number } | undefined
  const end = () => {
    if (running) phases.push({ phase: running.phase, milliseconds: performance.now() - running.since })
    running = undefined
  }
  const timed: Reporter = (event) => {
    if (event.type === 'phase') {
      end()
      running = { phase: event.phase, since: performance.now() }
    }
    report?.(event)
  }
  return { report: timed, end }
}
