export type { EngineOptions, KeyOption, KmsContext, KmsKey, SwapHooks, Validator } from './config.ts'
export type { Backups } from './engine/backups.ts'
export type { BackupComparison, ComparedSide } from './engine/compare-backups.ts'
export type { Copies, CopyState, CopyUpdate } from './engine/copies.ts'
export type { DoctorCheck, DoctorReport } from './engine/doctor.ts'
export {
  type BackupDetails,
  type BackupList,
  type CreateBackupOptions,
  type OfDatabase,
  type Running,
  type TableSummary,
  type VerifyLevel,
  verifyLevels,
} from './engine/engine-type.ts'
export type { ExportOptions, ExportResult } from './engine/export-backup.ts'
export type { KeySlotSummary, Keys, RecoveryKit } from './engine/keys.ts'
export type { Maintenance } from './engine/maintenance.ts'
export type { MaintenanceMode } from './engine/maintenance-mode.ts'
export type {
  Adopted,
  BackupRow,
  Operations,
  RestoreRow,
  RetentionPreview,
  ScheduledBackup,
  Statistics,
  Task,
  TaskLog,
  TaskProgress,
  TaskUpdate,
} from './engine/operations-type.ts'
export type { KeptDatabaseSummary, RestoreSummary } from './engine/restore-summary.ts'
export type { RestoreRequest, Restores } from './engine/restores.ts'
export type { ScrubState } from './engine/scrub-state.ts'
export type { StatusReport } from './engine/status.ts'
export type { BackupSummary, LastVerified } from './engine/summary.ts'
export type { VerifyOptions, VerifyReport } from './engine/verify-backup.ts'
export { type BackupEngine, createBackupEngine, type RepositoryDescription } from './engine.ts'
export { EngineError, type ErrorCode, errorTable, isEngineError } from './errors.ts'
export type { EngineEvent, LogEvent, PhaseEvent, ProgressEvent, Reporter } from './events.ts'
export type { HttpApi } from './http/api-types.ts'
export { createHandler, type Handler } from './http/create-handler.ts'
export type { HttpEngine } from './http/engine-type.ts'
export { type HostedEngine, hostWith } from './http/host.ts'
export { allowLoopbackForDevelopment } from './http/loopback.ts'
export { maintenanceAnswer } from './http/maintenance.ts'
export { answerNodeRequest, type NodeRequest } from './http/node-bridge.ts'
export type { Connection, HandlerOptions } from './http/settings.ts'
export type { UserInterface } from './http/user-interface.ts'
export { kyselyInspector, ledgerInspector } from './inspectors.ts'
export type { CheckProblem, CheckReport } from './maintenance/check.ts'
export type { CopyResult } from './maintenance/copy.ts'
export type { PruneResult } from './maintenance/prune.ts'
export type { RepairItem, RepairReport } from './maintenance/repair.ts'
export type { ScrubReport } from './maintenance/scrub.ts'
export { compareMigrations, type MigrationComparison, type MigrationVerdict } from './migrations/compare.ts'
export { describeMigrations } from './migrations/describe.ts'
export type { Migration, MigrationInspector, MigrationOrder, MigrationRun } from './migrations/inspector.ts'
export type { KyselyInspectorOptions } from './migrations/kysely.ts'
export type { KnownMigrations, LedgerInspectorOptions } from './migrations/ledger.ts'
export { type Actor, type Permission, permissions, type Role, rolePermissions } from './policy/permissions.ts'
export type { RetentionDecision, RetentionPolicy } from './policy/retention.ts'
export type { RunTimeConfig, RunTimeConfigPatch } from './policy/run-time-config.ts'
export type { Query } from './postgres/query.ts'
export type { Command } from './postgres/run-command.ts'
export type { RestoreOptions, RestoreStrategy } from './restore/options.ts'
export type { PlanNote, PlanRefusal, PlanStep, RestorePlan } from './restore/plan.ts'
export { type AzureStorageOptions, createAzureStorage } from './storage/azure.ts'
export { createGcsStorage, type GcsStorageOptions } from './storage/gcs.ts'
export { createLocalStorage } from './storage/local.ts'
export { createMemoryStorage } from './storage/memory.ts'
export { openStorage } from './storage/open-storage.ts'
export { readOnly } from './storage/read-only.ts'
export { type RetryOptions, withRetry } from './storage/retry.ts'
export { createS3Storage, type S3StorageOptions } from './storage/s3.ts'
export { createSftpStorage, type SftpStorageOptions } from './storage/sftp.ts'
export { type StorageStatistics, withStatistics } from './storage/statistics.ts'
export {
  type GetOptions,
  type PutOptions,
  type Storage,
  StorageObjectMissing,
  type StorageOptions,
  type StoredObject,
} from './storage/storage.ts'
export { type StorageTestReport, testStorage } from './storage/test-storage.ts'
export { createThrottle, type Throttle, type TransferLimits, withThrottle } from './storage/throttle.ts'
