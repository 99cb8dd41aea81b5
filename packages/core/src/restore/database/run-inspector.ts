import { counted } from '../../counted.ts'
import { EngineError, isEngineError } from '../../errors.ts'
import { log, type Reporter } from '../../events.ts'
import { compareWith, type MigrationComparison } from '../../migrations/compare.ts'
import { describeMigrations } from '../../migrations/describe.ts'
import type { Migration, MigrationInspector } from '../../migrations/inspector.ts'
import { type ConnectionParameters, connectionUrl } from '../../postgres/connection.ts'
import { openSession, type Session } from '../../postgres/session.ts'

/** Where an inspector is to run, and what it must leave alone. */
export interface MigrationTarget {
  /** The copy, or after an in-place restore the database itself. */
  parameters: ConnectionParameters
  /** The application's database: its ledger must be the same after the run. Null where it is the target itself. */
  live: ConnectionParameters | null
  signal?: AbortSignal | undefined
  report?: Reporter | undefined
  /** Told once it is known that there is something to run. */
  onStart?: () => void
}

/**
 * Runs what the target lacks by one inspector and gives the ids that ran; `[]` where the verdict is not `behind`.
 *
 * Afterwards its ledger must say exactly what was wanted, and the live one what it said before: a tool that reads its
 * address from a file of its own migrates the wrong database and reports success.
 *
 * @throws EngineError `MIGRATION_FAILED`, `MIGRATION_WRONG_DATABASE`, `ABORTED`.
 */
export async function migrateForward(inspector: MigrationInspector, target: MigrationTarget): Promise<string[]> {
  const before = await readState(inspector, target)
  if (before.comparison.verdict !== 'behind' || !inspector.migrate) return []
  const { missing } = before.comparison
  target.onStart?.()
  log(
    target.report,
    'info',
    `${inspector.name}: running ${counted(missing.length, 'migration')}: ${missing.join(', ')}.`,
  )
  await guarded(inspector, target, (run) => inspector.migrate?.(run))
  const { comparison } = await readState(inspector, target)
  if (comparison.failed.length > 0) throw failed(inspector, `${comparison.failed.join(', ')} did not finish`)
  if (comparison.missing.length > 0)
    throw failed(inspector, `${comparison.missing.join(', ')} still missing afterwards`)
  if (comparison.extra.length > 0) {
    throw failed(inspector, `${comparison.extra.join(', ')} in its table, which the code does not know`)
  }
  if (comparison.verdict !== 'same') {
    throw failed(
      inspector,
      `afterwards its table is not what the code expects: ${describeMigrations(comparison, 'The copy').text}`,
    )
  }
  return missing
}

/**
 * Runs down steps until `to` is the newest applied migration (`null`: none is left), and gives the ids that went. The
 * inspector refuses before it starts where it does not know all that is applied, or lacks a down step.
 *
 * @throws EngineError `MIGRATION_FAILED`, `MIGRATION_WRONG_DATABASE`, `ABORTED`.
 */
export async function migrateBackward(
  inspector: MigrationInspector,
  target: MigrationTarget,
  to: string | null,
): Promise<string[]> {
  if (!inspector.rollback) throw failed(inspector, 'this tool has no down steps')
  const before = await readState(inspector, target)
  const end = to === null ? 0 : before.applied.findIndex(({ id }) => id === to) + 1
  if (to !== null && end === 0) throw failed(inspector, `${to} is not applied, so nothing goes back to it`)
  const gone = before.applied.slice(end).map(({ id }) => id)
  if (gone.length === 0) return []
  await guarded(inspector, target, (run) => inspector.rollback?.({ ...run, to }))
  const after = (await readState(inspector, target)).applied.map(({ id }) => id)
  const wanted = before.applied.slice(0, end).map(({ id }) => id)
  if (after.join('\n') !== wanted.join('\n')) {
    throw failed(
      inspector,
      `its table has ${after.join(', ') || 'nothing'} afterwards, not ${wanted.join(', ') || 'nothing'}`,
    )
  }
  return gone
}

/** How the target stands to the code, as its ledger says now. */
export async function readState(
  inspector: MigrationInspector,
  { parameters, signal }: Pick<MigrationTarget, 'parameters' | 'signal'>,
): Promise<{ applied: Migration[]; comparison: MigrationComparison }> {
  return withSession(parameters, signal, async ({ query }) => {
    const applied = await inspector.applied(query)
    const comparison = compareWith(inspector, applied, await inspector.known())
    return { applied: applied ?? [], comparison }
  })
}

type Run = Parameters<NonNullable<MigrationInspector['migrate']>>[0]

async function guarded(
  inspector: MigrationInspector,
  target: MigrationTarget,
  work: (run: Run) => Promise<void> | undefined,
): Promise<void> {
  const { parameters, live, signal, report } = target
  if (inspector.clearLocks && live) await clearLocks(inspector, target)
  const before = live && (await readLive(inspector, live, signal))
  let failure: unknown
  try {
    await work({
      databaseUrl: connectionUrl(parameters),
      signal: signal ?? new AbortController().signal,
      log: (message) => log(report, 'info', message),
    })
  } catch (error) {
    failure = error
  }
  // Looked at after a failure as well: what it did to the wrong database is the greater news.
  if (live && before !== (await readLive(inspector, live, undefined))) {
    const text = `${inspector.name}: the migrations table of the live database changed while the copy was migrated.`
    throw new EngineError('MIGRATION_WRONG_DATABASE', text, { cause: failure, detail: { inspector: inspector.name } })
  }
  if (failure === undefined) return
  if (isEngineError(failure, 'ABORTED')) throw failure
  throw failed(inspector, failure instanceof Error ? failure.message : String(failure), failure)
}

async function clearLocks(inspector: MigrationInspector, { parameters, signal, report }: MigrationTarget) {
  const cleared = await withSession(
    parameters,
    signal,
    async ({ query }) => (await inspector.clearLocks?.(query)) ?? [],
  )
  for (const text of cleared) log(report, 'info', `${inspector.name}: ${text} on the copy.`)
}

/** The live ledger as text; null where there is no such database or nothing can be read of it. */
async function readLive(
  inspector: MigrationInspector,
  live: ConnectionParameters,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    return await withSession(live, signal, async ({ query }) => JSON.stringify(await inspector.applied(query)))
  } catch (error) {
    if (isEngineError(error, 'ABORTED')) throw error
    return null
  }
}

async function withSession<T>(
  parameters: ConnectionParameters,
  signal: AbortSignal | undefined,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await openSession(parameters, { application: 'inspector', ...(signal ? { signal } : {}) })
  try {
    return await work(session)
  } finally {
    await session.close()
  }
}

function failed({ name }: MigrationInspector, why: string, cause?: unknown): EngineError {
  return new EngineError('MIGRATION_FAILED', `${name}: migrating the restored data failed: ${why}`, {
    cause,
    detail: { inspector: name },
  })
}
