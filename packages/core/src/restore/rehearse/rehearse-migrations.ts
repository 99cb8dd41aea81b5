import { EngineError, isEngineError } from '../../errors.ts'
import { labelIn } from '../../migrations/compare.ts'
import type { MigrationInspector } from '../../migrations/inspector.ts'
import {
  findingsOf,
  type Rehearsal,
  type RehearsalLimits,
  type RehearsedRun,
} from '../../migrations/rehearsal/rehearsal.ts'
import { openSession } from '../../postgres/session.ts'
import { measureTables, walPosition } from '../../postgres/table-measures.ts'
import { finishRestored, nothingRan } from '../database/finish-restored.ts'
import { type FilledCopy, gatherStatistics } from '../database/restore-beside.ts'
import { type MigrationTarget, migrateBackward, migrateForward, readState } from '../database/run-inspector.ts'
import { newRestoreId } from '../names.ts'
import { defaultRestoreOptions, type RestoreContext, type Running } from '../options.ts'
import { planRestore } from '../plan/plan-restore.ts'
import type { RestoreRun } from '../restore-run.ts'
import { runTrialRestore } from '../run-restore.ts'
import { type RowCounts, watchRun } from './watch-run.ts'

export interface RehearsalOptions extends RehearsalLimits {
  /** Also run the down steps of what was applied, and what was applied again. */
  roundTrip: boolean
}

/**
 * Restores a backup into a database of its own by the path that every restore takes, runs on it what is pending while a
 * second connection looks at the locks, and drops it again, on whatever path; where the process dies it is a leftover.
 * Validators and data migrations of the application run too. What fails on the copy is in the result.
 *
 * @throws EngineError `RESTORE_REFUSED` where the plan refuses, `MIGRATION_WRONG_DATABASE`, what a restore throws, `ABORTED`.
 */
export async function rehearseMigrations(
  context: RestoreContext,
  backupId: string,
  options: RehearsalOptions,
  { signal, report }: Running,
): Promise<Rehearsal> {
  const started = performance.now()
  const target = `lifeboat_rehearsal_${newRestoreId()}`
  const given = { strategy: 'new-database' as const, targetDatabase: target, noTablespaces: true, safetyBackup: false }
  const plan = await planRestore(context, { ...defaultRestoreOptions, backupId, ...given }, { signal })
  const { roundTrip: _, ...limits } = options
  const { id, number, created_at, database } = plan.backup
  const rehearsal: Rehearsal = {
    backup: { id, number, created_at, database },
    ...{ ok: false, runs: [], findings: [], error: null, limits, resolution_ms: 0, growth_bytes: 0 },
    ...{ wal_bytes_at_most: null, validators: [], data_migrations: [] },
    longest_live_transaction_ms: await longestTransaction(context, { signal }),
    ...{ restore_milliseconds: 0, milliseconds: 0 },
  }
  await runTrialRestore(context, plan, { signal, report }, async (run, copy) => {
    rehearsal.restore_milliseconds = Math.round(performance.now() - started)
    await gatherStatistics(run, copy)
    await rehearseOn(run, copy, options, rehearsal)
  })
  rehearsal.findings = findingsOf(rehearsal.runs, limits)
  rehearsal.ok = rehearsal.error === null && rehearsal.findings.every(({ severity }) => severity !== 'blocks')
  rehearsal.milliseconds = Math.round(performance.now() - started)
  return rehearsal
}

async function rehearseOn(
  run: RestoreRun,
  copy: FilledCopy,
  { roundTrip }: RehearsalOptions,
  rehearsal: Rehearsal,
): Promise<void> {
  const before = await sizeOf(copy)
  const ran = nothingRan()
  const ids = async (): Promise<string[]> => {
    for (const inspector of run.context.inspectors)
      await rehearseInspector(run, copy, { inspector, roundTrip, rehearsal })
    return rehearsal.runs.flatMap(({ migrations }) => migrations)
  }
  try {
    await finishRestored(run, copy.parameters, ran, { migrate: ids })
  } catch (error) {
    // Anything else is no word on the migrations: the wrong database, a lost connection, an abort.
    const isFound = isEngineError(error, 'MIGRATION_FAILED') || isEngineError(error, 'VALIDATION_FAILED')
    if (!isFound || run.signal?.aborted) throw error
    rehearsal.error = { code: error.code, text: error.message }
  }
  const after = await sizeOf(copy)
  rehearsal.growth_bytes = after.bytes - before.bytes
  rehearsal.wal_bytes_at_most = before.wal === null || after.wal === null ? null : Number(after.wal - before.wal)
  rehearsal.validators = ran.validators
  rehearsal.data_migrations = ran.dataMigrations.map(({ name }) => name)
}

interface Rehearsing {
  inspector: MigrationInspector
  roundTrip: boolean
  rehearsal: Rehearsal
}

async function rehearseInspector(run: RestoreRun, copy: FilledCopy, rehearsing: Rehearsing): Promise<void> {
  const { inspector, roundTrip, rehearsal } = rehearsing
  const { parameters } = copy
  const { context, signal, report } = run
  const target: MigrationTarget = { parameters, live: context.database, signal, report }
  const { applied, comparison } = await readState(inspector, target)
  if (comparison.verdict !== 'behind') return
  if (!inspector.migrate)
    throw new EngineError('MIGRATION_FAILED', `${inspector.name}: it has no way to run what is pending.`)
  const { missing } = comparison
  const measured = async (direction: 'up' | 'down', work: () => Promise<unknown>) => {
    run.progress.phase(direction === 'up' ? 'migrate' : 'migrate-back')
    const how = { ignored: copy.sessions.map(({ backendPid }) => backendPid), rows: rowCounts(copy), signal }
    const { failure, resolutionMs, ...found } = await watchRun(parameters, how, work)
    const error = failure === undefined ? null : failure instanceof Error ? failure.message : String(failure)
    const done: RehearsedRun = {
      inspector: inspector.name,
      direction,
      migrations: missing.map((id) => labelIn(comparison, id)),
      ok: !error,
      error,
      ...found,
    }
    rehearsal.runs.push(done)
    rehearsal.resolution_ms = Math.max(rehearsal.resolution_ms, resolutionMs)
    if (failure !== undefined) throw failure
  }
  await measured('up', () => migrateForward(inspector, target))
  if (!roundTrip) return
  await requireWayBack(inspector, missing)
  await measured('down', () => migrateBackward(inspector, target, applied.at(-1)?.id ?? null))
  await measured('up', () => migrateForward(inspector, target))
}

/** Found before anything goes back. */
async function requireWayBack(inspector: MigrationInspector, missing: readonly string[]): Promise<void> {
  const oneWay = (await inspector.known()).filter(({ id, hasDown }) => missing.includes(id) && hasDown === false)
  if (inspector.rollback && oneWay.length === 0) return
  const what = inspector.rollback
    ? `no down step: ${oneWay.map(({ id }) => id).join(', ')}`
    : 'the tool has no down steps'
  throw new EngineError('MIGRATION_FAILED', `${inspector.name}: there is no way back: ${what}.`)
}

function rowCounts({ content }: FilledCopy): RowCounts {
  const counts = new Map(content.tables.map(({ schema, name, rows }) => [`${schema}.${name}`, rows]))
  return (table) => counts.get(table) ?? 0
}

async function sizeOf({ parameters }: FilledCopy): Promise<{ bytes: number; wal: bigint | null }> {
  const session = await openSession(parameters, { application: 'rehearsal' })
  try {
    const tables = await measureTables(session.query)
    const bytes = [...tables.values()].reduce((sum, table) => sum + table.bytes + table.indexBytes, 0)
    return { bytes, wal: await walPosition(session.query) }
  } finally {
    await session.close()
  }
}

/** Of the live database now, in milliseconds; null where it cannot be asked. */
async function longestTransaction({ database }: RestoreContext, { signal }: Running): Promise<number | null> {
  try {
    const session = await openSession(database, { application: 'rehearsal', ...(signal ? { signal } : {}) })
    try {
      const [row] = await session.query<{ milliseconds: number | null }>(
        `SELECT pg_catalog.round(pg_catalog.date_part('epoch', pg_catalog.max(pg_catalog.clock_timestamp() - xact_start)) * 1000)::float8 AS milliseconds
         FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()`,
      )
      return row?.milliseconds ?? null
    } finally {
      await session.close()
    }
  } catch (error) {
    if (isEngineError(error, 'ABORTED')) throw error
    return null
  }
}
