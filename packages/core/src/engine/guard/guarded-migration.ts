import { randomBytes } from 'node:crypto'
import { EngineError, isEngineError, throwIfAborted } from '../../errors.ts'
import { log, type Reporter } from '../../events.ts'
import { describeMigrations } from '../../migrations/describe.ts'
import type { MigrationInspector, MigrationRun } from '../../migrations/inspector.ts'
import type { Rehearsal } from '../../migrations/rehearsal/rehearsal.ts'
import { endSessionsOf } from '../../postgres/blocked-sessions.ts'
import { type ConnectionParameters, connectionUrl } from '../../postgres/connection.ts'
import { runShownCommand, type ShownCommand } from '../../postgres/run-shown-command.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import type { SchemaDiff } from '../../schema/diff/diff-schemas.ts'
import type { LiveMigrations } from '../migrations.ts'
import type { BackupSummary } from '../summary.ts'
import { cannotBeUndone, toolFactsOf } from './cannot-be-undone.ts'
import { type BlockedWait, type GuardReport, guardedInspectors, unsoundOf } from './guard-report.ts'
import { watchBlockers } from './watch-blockers.ts'

/** What migrates the live database: a function, or a program that is shown. */
export type GuardedMigration = ((run: MigrationRun) => unknown) | ShownCommand

/** What the guard does through actions of the engine, each with its permission, its task and its fact. */
export interface GuardDoors {
  state(signal: AbortSignal | undefined): Promise<LiveMigrations>
  backUp(): Promise<BackupSummary>
  pin(backup: string, pinned: boolean): Promise<unknown>
  /** Null where no rehearsal was asked for. */
  rehearse: ((backup: string) => Promise<Rehearsal>) | null
  /** The schema of the backup against the live one. */
  /** Records that the migration of the live database begins, for those who are told of it. */
  begins(backup: string): Promise<void>
  schemaDiff(backup: string, signal: AbortSignal | undefined): Promise<SchemaDiff>
  /** How to put a backup back, in the words of the caller, and of the other faces. */
  wayBack(backup: string): { advice: string; detail: Record<string, string> }
}

export interface Guarded {
  doors: GuardDoors
  inspectors: readonly MigrationInspector[]
  database: ConnectionParameters
  migrate: GuardedMigration
  signal: AbortSignal | undefined
  report: Reporter | undefined
}

/** What is read after a migration that failed must come to an end, in milliseconds. */
const readWithinMs = 300_000

/**
 * Migrates the live database behind a pinned backup: refuses where the migrations stand badly, makes the backup, rehearses
 * if asked, says what cannot be undone, runs `migrate` while the locks are watched, and reads migrations and schema again.
 * Until the migration begins, a failure leaves everything as it was, and takes the pin off.
 *
 * @throws EngineError `DEPLOY_REFUSED` before anything was migrated; `DEPLOY_FAILED` after the migration began, with the
 * way back in `advice` and `detail`, also where only the look afterwards failed; before that what backup, rehearsal and
 * reading throw, and `ABORTED`.
 */
export async function guardMigration(guarded: Guarded): Promise<GuardReport> {
  const { doors, report, signal } = guarded
  const first = requireSound(await doors.state(signal))
  if (doors.rehearse) requireRehearsable(guarded)
  const warnings = first.inspectors.flatMap(({ comparison, inspector }) =>
    comparison.verdict === 'ahead' || comparison.verdict === 'unknown'
      ? [`${inspector}: ${describeMigrations(comparison, 'The live database').text}`]
      : [],
  )
  const backup = await doors.backUp()
  const { before, rehearsal } = await beforeItBegins(guarded, backup).catch(async (error: unknown) => {
    await doors.pin(backup.id, false).catch((why: unknown) => {
      log(report, 'warning', `Backup ${backup.number} stays pinned: ${messageOf(why)}`)
    })
    throw error
  })
  const cannot = cannotBeUndone(await toolFactsOf(guarded.inspectors, before), guarded.database.database)
  for (const text of [...warnings, ...cannot]) log(report, 'info', text)
  const { id, number, database, created_at } = backup
  const known = {
    backup: { id, number, database, created_at, pinned: true },
    rehearsal: rehearsal && { ok: rehearsal.ok, findings: rehearsal.findings, milliseconds: rehearsal.milliseconds },
    ...{ cannot_be_undone: cannot, warnings },
  }
  await doors.begins(id)
  const ran = await runWatched(guarded)
  return lookAfterwards(guarded, { before, ran, known })
}

function requireSound(state: LiveMigrations): LiveMigrations {
  const [first] = unsoundOf(state)
  if (!first) return state
  const { text, advice } = describeMigrations(first.comparison, 'The live database')
  throw new EngineError('DEPLOY_REFUSED', `${first.inspector}: ${text} Nothing was migrated.`, {
    advice: first.comparison.verdict === 'dirty' ? 'Repair the schema and tell the tool that it is resolved.' : advice,
    detail: { inspector: first.inspector, comparison: first.comparison },
  })
}

function requireRehearsable({ inspectors }: Guarded): void {
  if (inspectors.some(({ migrate }) => migrate !== undefined)) return
  throw new EngineError('USAGE', 'Nothing can be rehearsed: no configured inspector can run migrations on a copy.', {
    advice: 'Configure an inspector that can (docs/migrations.md), or leave the rehearsal out.',
  })
}

/** The last look before it begins: a backup and a rehearsal take their time. */
async function beforeItBegins({ doors, signal }: Guarded, { id }: BackupSummary) {
  const rehearsal = (await doors.rehearse?.(id)) ?? null
  if (rehearsal && !rehearsal.ok) {
    const first = rehearsal.findings.find(({ severity }) => severity === 'blocks')
    const why = rehearsal.error?.text ?? (first ? `${first.table}: ${first.text}` : 'it was not good')
    throw new EngineError('DEPLOY_REFUSED', `The rehearsal on a copy failed: ${why}. Nothing was migrated.`, {
      advice: first?.advice[0]?.advice ?? 'Correct the migration, or raise the limits where that wait is acceptable.',
      detail: { rehearsal },
    })
  }
  const before = requireSound(await doors.state(signal))
  throwIfAborted(signal)
  return { before, rehearsal }
}

interface Ran {
  failure: { text: string; cause: unknown; exitCode?: number } | null
  blocked: BlockedWait[]
  warnings: string[]
  milliseconds: number
}

async function runWatched(guarded: Guarded): Promise<Ran> {
  const { database, report } = guarded
  const application = `migration guarded by lifeboat ${randomBytes(3).toString('hex')}`
  const warnings: string[] = []
  // Without the signal: who blocks the end of a migration that is interrupted is worth knowing too.
  const session = await openSession(database, { application: 'guard watch' }).catch((error: unknown) => {
    warnings.push(`Locks are not watched: ${messageOf(error)}`)
    return null
  })
  const watch = session && watchBlockers(session.query, { application, report })
  const started = performance.now()
  try {
    const { failure, isLeft } = await runMigration(guarded, application)
    const milliseconds = Math.round(performance.now() - started)
    const { blocked, problem } = (await watch?.stop()) ?? { blocked: [], problem: null }
    if (problem) warnings.push(problem)
    if (isLeft) warnings.push(...(await endLeftSessions(session, application)))
    return { failure, blocked, warnings, milliseconds }
  } finally {
    await watch?.stop()
    // What has happened by now has to be said, whatever becomes of this connection.
    await session?.close().catch(() => {})
  }
}

/** `isLeft`: it was ended from outside, so the server may still be at what it began. */
async function runMigration(
  { migrate, database, signal, report }: Guarded,
  application: string,
): Promise<Pick<Ran, 'failure'> & { isLeft: boolean }> {
  log(report, 'info', 'The migration begins.')
  try {
    if (typeof migrate === 'function') {
      const named = { ...database, others: [...database.others, { name: 'application_name', value: application }] }
      await migrate({
        databaseUrl: connectionUrl(named),
        signal: signal ?? new AbortController().signal,
        log: (message) => log(report, 'info', message),
      })
      return { failure: null, isLeft: false }
    }
    const env = { ...(process.env.PGAPPNAME ? {} : { PGAPPNAME: application }), ...migrate.env }
    const { exitCode, signalled, text } = await runShownCommand({ ...migrate, env }, signal)
    return { failure: exitCode === 0 ? null : { text, cause: undefined, exitCode }, isLeft: signalled }
  } catch (cause) {
    const text = isEngineError(cause, 'ABORTED') || signal?.aborted ? 'it was interrupted' : messageOf(cause)
    return { failure: { text, cause }, isLeft: signal?.aborted === true }
  }
}

async function endLeftSessions(session: Session | null, application: string): Promise<string[]> {
  try {
    const left = session ? await endSessionsOf(session.query, application) : 0
    return left === 0 ? [] : [`${left} sessions of the migration are still at work in the server.`]
  } catch (error) {
    return [`Sessions of the migration may still be at work in the server: ${messageOf(error)}`]
  }
}

interface After {
  before: LiveMigrations
  ran: Ran
  known: Pick<GuardReport, 'backup' | 'rehearsal' | 'cannot_be_undone' | 'warnings'>
}

async function lookAfterwards(guarded: Guarded, { before, ran, known }: After): Promise<GuardReport> {
  const { doors } = guarded
  const { blocked, milliseconds } = ran
  const way = doors.wayBack(known.backup.id)
  const warnings = [...known.warnings, ...ran.warnings]
  const detail = { ...way.detail, ...known, blocked, warnings, milliseconds }
  const failed = (text: string, cause: unknown, more: object) =>
    new EngineError('DEPLOY_FAILED', text, { cause, advice: way.advice, detail: { ...detail, ...more } })
  const { failure } = ran
  const exit = failure?.exitCode === undefined ? {} : { exit_code: failure.exitCode }
  const why = failure ? `The migration failed: ${failure.text}.` : 'The migration ended without an error.'
  let after: LiveMigrations
  let schema: SchemaDiff
  try {
    // Not by the signal of the caller: an interrupted migration is looked at too.
    const within = AbortSignal.timeout(readWithinMs)
    after = await doors.state(within)
    schema = await doors.schemaDiff(known.backup.id, within)
  } catch (error) {
    const text = `${why} What it left behind could not be read: ${messageOf(error)}`
    throw failed(text, failure?.cause ?? error, exit)
  }
  const migrations = guardedInspectors(before, after)
  const changes = { migrations, schema, ...exit }
  if (failure) throw failed(`${why} ${whatIsLeft(schema, migrations)}`, failure.cause, changes)
  const [unsound] = unsoundOf(after)
  if (unsound) {
    const { text } = describeMigrations(unsound.comparison, 'The live database')
    throw failed(`${why} Yet ${unsound.inspector}: ${text}`, undefined, changes)
  }
  for (const { inspector, pending } of migrations)
    if (pending.length > 0)
      warnings.push(
        `${inspector}: still pending: ${pending.join(', ')}. Did it migrate another database than "${guarded.database.database}"?`,
      )
  for (const text of warnings.slice(known.warnings.length)) log(guarded.report, 'warning', text)
  return { ...known, migrations, schema, blocked, warnings, milliseconds }
}

function whatIsLeft(schema: SchemaDiff, migrations: GuardReport['migrations']): string {
  const applied = migrations.flatMap((one) => one.applied)
  if (schema.same && applied.length === 0) return 'The schema is as it was before; rows may have changed.'
  const { added, removed, changed } = schema.counts
  const objects = `objects added ${added}, removed ${removed}, changed ${changed}`
  return `What it left behind: ${objects}${applied.length > 0 ? `; applied: ${applied.join(', ')}` : ''}.`
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
