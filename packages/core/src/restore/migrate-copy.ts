import { counted } from '../counted.ts'
import { EngineError, isEngineError } from '../errors.ts'
import { log } from '../events.ts'
import { compareMigrations } from '../migrations/compare.ts'
import { type ConnectionParameters, connectionUrl } from '../postgres/connection.ts'
import { openSession } from '../postgres/session.ts'
import type { RestoreRun } from './restore-run.ts'

/**
 * Runs the forward migrations that the restored data lacks, by each inspector, against `parameters` (the copy, or the
 * database itself after an in-place restore). Gives the ids that were run. Throws `MIGRATION_FAILED`.
 */
export async function migrateRestored(run: RestoreRun, parameters: ConnectionParameters): Promise<string[]> {
  const { context, signal, report } = run
  const done: string[] = []
  for (const inspector of context.inspectors) {
    const before = await compare(run, parameters, inspector.name)
    if (before.verdict !== 'behind' || !inspector.migrate) continue
    run.progress.phase('migrate')
    log(
      report,
      'info',
      `${inspector.name}: running ${counted(before.missing.length, 'migration')}: ${before.missing.join(', ')}.`,
    )
    try {
      await inspector.migrate({
        databaseUrl: connectionUrl(parameters),
        signal: signal ?? new AbortController().signal,
        log: (message) => log(report, 'info', message),
      })
    } catch (error) {
      if (isEngineError(error, 'ABORTED')) throw error
      throw failed(inspector.name, error instanceof Error ? error.message : String(error), error)
    }
    const after = await compare(run, parameters, inspector.name)
    if (after.missing.length > 0) throw failed(inspector.name, `${after.missing.join(', ')} still missing afterwards`)
    done.push(...before.missing)
  }
  return done
}

async function compare({ context, signal }: RestoreRun, parameters: ConnectionParameters, name: string) {
  const inspector = context.inspectors.find((one) => one.name === name)
  if (!inspector) throw new EngineError('INTERNAL', `There is no inspector "${name}".`)
  const session = await openSession(parameters, { application: 'restore inspector', signal })
  try {
    const applied = await inspector.applied(session.query)
    return compareMigrations({ applied, known: await inspector.known(), order: inspector.order })
  } finally {
    await session.close()
  }
}

function failed(inspector: string, why: string, cause?: unknown): EngineError {
  return new EngineError('MIGRATION_FAILED', `${inspector}: migrating the restored data failed: ${why}`, {
    cause,
    detail: { inspector },
  })
}
