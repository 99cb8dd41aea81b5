import type { CallOptions } from '../../actions/caller.ts'
import type { ActionInput } from '../../actions/library.ts'
import type { BackupEngine } from '../../engine.ts'
import type { MigrationRun } from '../../migrations/inspector.ts'
import type { ShownCommand } from '../../postgres/run-shown-command.ts'
import type { GuardReport } from './guard-report.ts'

/** The options of `withBackup`: those of the backup, of the watch over locks, and of the call. */
export type WithBackupOptions = Omit<ActionInput<'migrations.guard'>, 'migrate' | 'restoreOptions' | 'unpin'> &
  Omit<CallOptions, 'confirm'>

/** What a guarded migration did, and what it resolved to. */
export interface GuardedDeploy<T> extends GuardReport {
  result: T
  /** The deploy is good: takes the pin off the backup, so that retention may let it go. */
  confirm(): Promise<void>
}

/**
 * Migrates the live database behind a pinned backup, which stays pinned until `confirm()`.
 *
 * @throws EngineError `DEPLOY_REFUSED` where nothing was migrated; `DEPLOY_FAILED` with the way back, in `advice` and as
 * `detail.restore_command` and `detail.restore_call`.
 *
 * @example
 * const deploy = await withBackup(engine, () => migrator.migrateToLatest().then(throwOnError))
 * await smokeTest()
 * await deploy.confirm()
 */
export async function withBackup<T>(
  engine: BackupEngine,
  migrate: (run: MigrationRun) => T | Promise<T>,
  options?: WithBackupOptions,
): Promise<GuardedDeploy<T>>
export async function withBackup(
  engine: BackupEngine,
  migrate: ShownCommand,
  options?: WithBackupOptions,
): Promise<GuardedDeploy<undefined>>
export async function withBackup(
  engine: BackupEngine,
  migrate: ((run: MigrationRun) => unknown) | ShownCommand,
  options: WithBackupOptions = {},
): Promise<GuardedDeploy<unknown>> {
  let result: unknown
  const kept = async (run: MigrationRun) => {
    if (typeof migrate === 'function') result = await migrate(run)
  }
  const given = typeof migrate === 'function' ? kept : migrate
  const report = await engine.migrations.guard({ ...options, migrate: given })
  const { as } = options
  return {
    ...report,
    result,
    async confirm() {
      await engine.backups.pin(report.backup.id, { pinned: false, ...(as ? { as } : {}) })
    },
  }
}
