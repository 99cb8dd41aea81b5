import type { ConnectionParameters } from '../../postgres/connection.ts'
import type { RestoreRun } from '../restore-run.ts'
import { migrateForward } from './run-inspector.ts'

/**
 * Runs the forward migrations that the restored data lacks, by each inspector, against `parameters` (the copy, or the
 * database itself after an in-place restore). Gives the ids that were run. Throws `MIGRATION_FAILED`,
 * `MIGRATION_WRONG_DATABASE`.
 */
export async function migrateRestored(run: RestoreRun, parameters: ConnectionParameters): Promise<string[]> {
  const { context, signal, report } = run
  // Of a refresh it is production that a tool with an address of its own would migrate.
  const own = context.database.database === parameters.database ? null : context.database
  const live = context.target ? (context.target.watched ?? own) : own
  const done: string[] = []
  for (const inspector of context.inspectors) {
    const onStart = () => run.progress.phase('migrate')
    done.push(...(await migrateForward(inspector, { parameters, live, signal, report, onStart })))
  }
  return done
}
