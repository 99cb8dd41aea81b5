import { EngineError, isEngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import { plannedDataMigration, readDataMigration } from '../plan/planned-data-migration.ts'
import type { DataMigrationRun } from '../restore-result.ts'
import type { RestoreRun } from '../restore-run.ts'
import { copyStepRun, withApplicationSession } from './copy-step.ts'

/**
 * Runs the application's data migrations of one moment in their order, and adds what ran to `done`. SQL runs in one
 * transaction.
 *
 * @throws EngineError `MIGRATION_FAILED` naming the one that failed, `ABORTED`.
 */
export async function changeRestoredData(
  run: RestoreRun,
  parameters: ConnectionParameters,
  { when, done }: { when: 'before' | 'after'; done: DataMigrationRun[] },
): Promise<void> {
  const migrations = (run.context.dataMigrations ?? []).filter((migration) => (migration.when ?? 'after') === when)
  if (migrations.length > 0) run.progress.phase(`data-${when}`)
  for (const migration of migrations) {
    const { name } = migration
    const started = performance.now()
    try {
      if ('run' in migration) await migration.run(copyStepRun(parameters, run))
      else await runSql((await readDataMigration(migration)) ?? '', parameters, run)
    } catch (error) {
      if (isEngineError(error, 'ABORTED')) throw error
      const why = error instanceof Error ? error.message : String(error)
      throw new EngineError('MIGRATION_FAILED', `The data migration "${name}" failed: ${why}`, {
        cause: error,
        detail: { data_migration: name },
      })
    }
    const milliseconds = Math.round(performance.now() - started)
    done.push({ ...(await plannedDataMigration(migration)), milliseconds })
    log(run.report, 'info', `Data migration "${name}" took ${milliseconds} ms.`)
  }
}

async function runSql(sql: string, parameters: ConnectionParameters, run: RestoreRun): Promise<void> {
  await withApplicationSession(parameters, run, async (query) => {
    await query('BEGIN')
    await query(sql)
    await query('COMMIT')
  })
}
