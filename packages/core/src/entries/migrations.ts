/** `@lifeboat/core/migrations`: inspectors of migration tools, and the comparison of what is applied with what is known. */

export type { BlockedWait, GuardedInspector, GuardReport, WaitingSession } from '../engine/guard/guard-report.ts'
export { type GuardedDeploy, type WithBackupOptions, withBackup } from '../engine/guard/with-backup.ts'
export type { LiveMigrations, MigrationCheck } from '../engine/migrations.ts'
export {
  drizzleInspector,
  knexInspector,
  kyselyInspector,
  ledgerInspector,
  ledgerPreset,
  mikroOrmInspector,
  nodePgMigrateInspector,
  prismaInspector,
  typeOrmInspector,
  umzugInspector,
} from '../inspectors.ts'
export { compareMigrations, type MigrationComparison, type MigrationVerdict } from '../migrations/compare.ts'
export { describeMigrations } from '../migrations/describe.ts'
export type { DrizzleInspectorOptions } from '../migrations/drizzle.ts'
export type { BackupForecast, Forecast, Outlook } from '../migrations/forecast.ts'
export type {
  LedgerShape,
  Migration,
  MigrationInspector,
  MigrationOrder,
  MigrationRun,
} from '../migrations/inspector.ts'
export type { KnexInspectorOptions } from '../migrations/knex.ts'
export type { KyselyInspectorOptions } from '../migrations/kysely.ts'
export type { KnownMigrations, LedgerInspectorOptions } from '../migrations/ledger.ts'
export type { MikroOrmInspectorOptions } from '../migrations/mikro-orm.ts'
export type { NodePgMigrateInspectorOptions } from '../migrations/node-pg-migrate.ts'
export type { PresetOptions } from '../migrations/presets/preset.ts'
export type { LedgerPresetName } from '../migrations/presets/presets.ts'
export type { PrismaInspectorOptions } from '../migrations/prisma.ts'
export { formatRehearsal, formatRehearsalMarkdown } from '../migrations/rehearsal/format-rehearsal.ts'
export type {
  Finding,
  Rehearsal,
  RehearsalLimits,
  RehearsedLock,
  RehearsedRun,
  RehearsedTable,
} from '../migrations/rehearsal/rehearsal.ts'
export type { TypeOrmInspectorOptions } from '../migrations/typeorm.ts'
export type { UmzugInspectorOptions } from '../migrations/umzug.ts'
export type { CopyStepRun, DataMigration } from '../options/copy-steps.ts'
export type { Query } from '../postgres/query.ts'
export type { Command } from '../postgres/run-command.ts'
export type { ShownCommand } from '../postgres/run-shown-command.ts'
export type { ObjectChange, PartChange, SchemaDiff } from '../schema/diff/diff-schemas.ts'
export type { SchemaFlag } from '../schema/diff/flags.ts'
export { formatSchemaDiff } from '../schema/diff/format-diff.ts'
