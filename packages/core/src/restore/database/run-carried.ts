import { setTimeout as wait } from 'node:timers/promises'
import { counted } from '../../counted.ts'
import { EngineError, isEngineError, throwIfAborted } from '../../errors.ts'
import { log } from '../../events.ts'
import type { PlannedStep } from '../../migrations/down-steps/plan-carried.ts'
import type { MigrationInspector } from '../../migrations/inspector.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import type { Running } from '../options.ts'
import { readState } from './run-inspector.ts'
import { createStepRole, type StepRole } from './step-role.ts'
import { readBeforeSteps, whatOutlivesSteps } from './what-outlives-steps.ts'

/** For how long a step may wait for a lock, in milliseconds: no other session uses the copy. */
const lockTimeoutMs = 30_000
/** How long after its time a step that catches the cancellation is ended with its session. */
const afterTimeoutMs = 2000

const lockTimeoutOf = ({ timeoutMs }: CarriedRun): number => Math.min(lockTimeoutMs, timeoutMs)

export interface CarriedRun extends Running {
  restoreId: string
  /** The copy. */
  parameters: ConnectionParameters
  inspectors: readonly MigrationInspector[]
  /** In the order in which they run. */
  steps: readonly PlannedStep[]
  timeoutMs: number
}

/** Ids that are applied, by inspector. */
type Applied = Map<string, string[]>

interface StepSession {
  session: Session
  /** Of our own role: ends the session of a step that does not end by itself. */
  owner: Session
  run: CarriedRun
  /** As our role finds names without a schema in this database, so that a step finds what its tool would. */
  searchPath: string
}

/**
 * Runs down steps that a backup carries, in one transaction on the copy, as a role that owns the copy and may nothing else.
 * After each, the tool's table must say that exactly this migration is gone; after all, that the code and the copy are the same.
 *
 * @throws EngineError `MIGRATION_FAILED`, `ABORTED`. The copy is of no use then.
 */
export async function runCarriedSteps(run: CarriedRun): Promise<string[]> {
  const { restoreId, parameters, steps, signal, report } = run
  throwIfAborted(signal)
  // Without the signal: it ends the session of a step, and cleans up after an abort.
  const owner = await openSession(parameters, { application: 'down steps' })
  let role: StepRole | undefined
  const onAbort = () => void owner.cancel()
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await owner.query(`SET lock_timeout = ${lockTimeoutOf(run)}`)
    const found = await readBeforeSteps(owner.query, run.inspectors)
    const before = await readApplied(owner.query, run)
    role = await createStepRole(owner, restoreId)
    throwIfAborted(signal)
    signal?.removeEventListener('abort', onAbort)
    log(report, 'info', `Running ${counted(steps.length, 'carried down step')} on the copy.`)
    const expected = await runAs(role, owner, run, before)
    const outlives = await whatOutlivesSteps(owner.query, found, {
      role: role.parameters.user,
      inspectors: run.inspectors,
    })
    if (outlives !== null) throw failed(outlives)
    await role.giveBack()
    role = undefined
    await requireWanted(run, expected)
    return steps.map(({ id }) => id)
  } catch (error) {
    if (signal?.aborted) throwIfAborted(signal)
    throw isEngineError(error, 'MIGRATION_FAILED') ? error : failed(messageOf(error), error)
  } finally {
    signal?.removeEventListener('abort', onAbort)
    // The copy is dropped after a failure; a role that stays has no password that anyone knows.
    await role?.abandon().catch((error: unknown) => {
      log(report, 'warning', `Role "${role?.parameters.user}" could not be dropped: ${messageOf(error)}`)
    })
    await owner.close()
  }
}

async function runAs(role: StepRole, owner: Session, run: CarriedRun, before: Applied): Promise<Applied> {
  const { signal } = run
  const session = await openSession(role.parameters, {
    application: 'down step',
    ...(signal ? { signal } : {}),
  }).catch((cause: unknown) => {
    throwIfAborted(signal)
    throw new EngineError('MIGRATION_FAILED', `The role that runs down steps cannot log in: ${messageOf(cause)}`, {
      cause,
      advice: 'Let roles with a password log in from this host (pg_hba.conf), or restore without the carried steps.',
    })
  })
  const applied: Applied = new Map(before)
  try {
    await role.lockOut()
    const stepping: StepSession = { session, owner, run, searchPath: await searchPathOf(owner) }
    await session.query('BEGIN')
    for (const step of run.steps) await runStep(stepping, step, applied)
    // Triggers that wait for it fire here, in this role's own session.
    await watched(stepping, () => session.query('COMMIT'))
    return applied
  } finally {
    session.terminate()
  }
}

async function searchPathOf({ query, parameters }: Session): Promise<string> {
  const [row] = await query<{ path: string }>(
    "SELECT reset_val AS path FROM pg_catalog.pg_settings WHERE name = 'search_path'",
  )
  return (row?.path ?? '').replaceAll('"$user"', quoteIdentifier(parameters.user))
}

async function runStep(stepping: StepSession, step: PlannedStep, applied: Applied): Promise<void> {
  const { session, run, searchPath } = stepping
  const { inspector: name, id, sql } = step
  const inspector = run.inspectors.find((one) => one.name === name)
  if (!inspector) throw failed(`there is no inspector "${name}"`)
  const { query } = session
  try {
    // What the step before has set ends with it; the settings are those of the database, as the tool has them.
    await query('RESET ALL')
    await query(`SET statement_timeout = ${run.timeoutMs}`)
    await query(`SET lock_timeout = ${lockTimeoutOf(run)}`)
    await query('SELECT pg_catalog.set_config($1, $2, false)', ['search_path', searchPath])
    log(run.report, 'info', `${name}: the down step of ${id}`)
    // By EXECUTE, which takes several statements and none that ends the transaction.
    const body = `BEGIN EXECUTE ${quoteLiteral(sql)}; END`
    await watched(stepping, () => query(`DO ${quoteLiteral(body)}`))
    await watched(stepping, async () => inspector.forget?.(query, id))
    const now = await watched(stepping, () => idsOf(inspector, query))
    const wanted = (applied.get(name) ?? []).filter((one) => one !== id)
    if (now.join('\n') !== wanted.join('\n')) {
      const which = now.includes(id) ? `${id} is still in it` : `it has ${now.join(', ') || 'nothing'}`
      throw failed(`after the down step of ${id} the table of migrations is not as it must be: ${which}`)
    }
    applied.set(name, wanted)
  } catch (error) {
    if (isEngineError(error, 'MIGRATION_FAILED')) throw error
    throw failed(`${name}: the down step of ${id}: ${messageOf(error)}`, error)
  }
}

/** A statement can catch the cancellation of its timeout or of an abort; then its session is ended by ours. */
async function watched<T>({ session, owner, run }: StepSession, work: () => Promise<T>): Promise<T> {
  const { signal, timeoutMs } = run
  const done = new AbortController()
  const end = () => owner.query('SELECT pg_catalog.pg_terminate_backend($1)', [session.backendPid]).catch(() => {})
  const onAbort = () => void end()
  signal?.addEventListener('abort', onAbort, { once: true })
  const late = wait(timeoutMs + afterTimeoutMs, undefined, { signal: done.signal, ref: false }).then(end, () => {})
  try {
    return await work()
  } finally {
    done.abort()
    signal?.removeEventListener('abort', onAbort)
    await late
  }
}

async function readApplied(query: Query, { inspectors, steps }: CarriedRun): Promise<Applied> {
  const found: Applied = new Map()
  for (const inspector of inspectors)
    if (steps.some((step) => step.inspector === inspector.name))
      found.set(inspector.name, await idsOf(inspector, query))
  return found
}

async function idsOf(inspector: MigrationInspector, query: Query): Promise<string[]> {
  return ((await inspector.applied(query)) ?? []).map(({ id }) => id)
}

async function requireWanted({ inspectors, parameters, signal }: CarriedRun, expected: Applied): Promise<void> {
  for (const inspector of inspectors) {
    const wanted = expected.get(inspector.name)
    if (!wanted) continue
    const { applied, comparison } = await readState(inspector, { parameters, signal })
    const now = applied.map(({ id }) => id)
    if (now.join('\n') !== wanted.join('\n') || comparison.verdict !== 'same') {
      throw failed(`${inspector.name}: its table has ${now.join(', ') || 'nothing'} afterwards`)
    }
  }
}

function failed(why: string, cause?: unknown): EngineError {
  return new EngineError('MIGRATION_FAILED', `The carried down steps failed: ${why}.`, {
    cause,
    advice: 'The live database is as it was. Restore an older backup, or into another database.',
  })
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
