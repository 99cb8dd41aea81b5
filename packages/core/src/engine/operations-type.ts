import type { Writable } from 'node:stream'
import type { AuditEvent, AuditRecord } from '../policy/audit.ts'
import type { RetentionDecision, RetentionPolicy } from '../policy/retention.ts'
import type { RunTimeConfig, RunTimeConfigPatch } from '../policy/run-time-config.ts'
import type { ByteRange } from '../postgres/archive/write-archive.ts'
import type { BackupComparison } from './compare-backups.ts'
import type { CopyState } from './copies.ts'
import type { BackupDetails, OfDatabase, VerifyLevel } from './engine-type.ts'
import type { RestoreRequest } from './restores.ts'
import type { ScrubState } from './scrub-state.ts'
import type { BackupSummary } from './summary.ts'

/**
 * The engine in the background: work as jobs with live progress, on a schedule, with history and audit. What the HTTP
 * API, `lifeboat serve` and the worker stand on. All records have the field names of the HTTP contract.
 */
export interface Operations {
  /** Opens the catalog, takes up jobs, begins the schedule. Calling it twice does nothing more. */
  start(): Promise<void>
  /** Ends the schedule, breaks off running jobs (they are taken up at the next start), closes the catalog. */
  stop(): Promise<void>
  backups: BackupOperations
  restores: RestoreOperations
  maintenance: MaintenanceOperations
  copies: CopyOperations
  storage: StorageOperations
  tasks: TaskOperations
  config: ConfigOperations
  schedule: ScheduleOperations
  audit: AuditOperations
  statistics(options?: OfDatabase): Promise<Statistics>
  /** Takes what storage and servers know into a catalog that does not. */
  adopt(caller: Caller): Promise<Adopted>
  /** Fires when the engine stops: streams end then. */
  readonly stopping: AbortSignal
}

export interface Adopted {
  backups: number
  /** Manifests that cannot be read. */
  damaged: string[]
  /** Numbers that several backups have: they can be named by their ids only. */
  ambiguous_numbers: number[]
  /** Restores that can be undone and that the catalog did not know. */
  restores_added: string[]
}

export type { ByteRange }

/** Who asks for a job. */
export interface Caller {
  by: string
  trigger?: 'manual' | 'schedule' | 'api'
}

/** What a task failed of: `detail` says it for people; `advice`, and facts such as names, may stand beside it. */
export interface JobError {
  code: string
  detail: string
  [fact: string]: unknown
}

/** A backup whatever its status: one that is not completed has null where nothing is known yet. */
export type BackupRow = CompletedBackup | UnfinishedBackup
export type CompletedBackup = BackupSummary & { task_id: string | null }
export type UnfinishedBackup = {
  [Field in Exclude<keyof BackupSummary, 'status' | 'error' | 'id'>]: BackupSummary[Field] | null
} & {
  id: string
  status: 'pending' | 'running' | 'failed' | 'cancelled' | 'interrupted'
  task_id: string
  error: JobError | null
}

export interface BackupOperations {
  /** Newest first, of every status. */
  list(options?: OfDatabase): Promise<BackupRow[]>
  /** `BACKUP_NOT_FOUND`, `BACKUP_AMBIGUOUS`. `latest` is the newest completed one. */
  get(reference: string, options?: OfDatabase): Promise<BackupRow>
  /** With the rows per table and more, where it is completed. */
  details(
    reference: string,
    options?: OfDatabase & { signal?: AbortSignal },
  ): Promise<UnfinishedBackup | (CompletedBackup & BackupDetails)>
  /** What became of the tables until another backup, or with `live` until now. */
  compare(before: string, after: string, options?: OfDatabase & { signal?: AbortSignal }): Promise<BackupComparison>
  pin(reference: string, pinned: boolean, options: OfDatabase & Caller): Promise<CompletedBackup>
  create(
    options: OfDatabase &
      Caller & {
        name?: string
        description?: string
        includeMedia?: boolean
        type?: 'full' | 'incremental' | 'differential'
        tags?: Record<string, string>
        pinned?: boolean
      },
  ): Promise<{ task_id: string; id: string; number: number }>
  /** Of a failed one its history goes. Refuses running and pinned backups, the last good one, and what an undo needs; `dryRun` only says whether it would. */
  delete(reference: string, options: OfDatabase & { dryRun?: boolean }): Promise<BackupRow>
  /** A standard file of the backup, written when `write` is called. */
  download(
    reference: string,
    options: OfDatabase & {
      part?: 'database' | 'media'
      format?: 'dump' | 'sql'
      compressionLevel?: number
      signal?: AbortSignal
    },
  ): Promise<Download>
  verify(
    reference: string,
    options: OfDatabase & Caller & { level?: VerifyLevel },
  ): Promise<{ task_id: string; id: string }>
}

export interface Download {
  backup_id: string
  file_name: string
  content_type: string
  /** Of a file whose length is known before it is written, and which can be had in parts; else null. */
  parts: {
    size: number
    /** The same for the same bytes, and for no others. */
    tag: string
  } | null
  /** Writes the whole file, or where there are parts a range of it; the stream is not ended. */
  write(stream: Writable, signal: AbortSignal, range?: ByteRange): Promise<void>
}

export interface RestoreRow {
  id: string
  backup_id: string
  database: string
  strategy: string
  status: 'pending' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted' | 'undone' | 'confirmed'
  verdict: string | null
  safety_backup_id: string | null
  kept_database: string | null
  undo_until: string | null
  started_at: string
  finished_at: string | null
  rows: number | null
  error: JobError | null
  task_id: string | null
  created_by: string
}

export interface RestoreOperations {
  list(options?: OfDatabase): Promise<RestoreRow[]>
  /** `RESTORE_NOT_FOUND`. */
  get(id: string): Promise<RestoreRow>
  /** Refuses at once what the plan refuses; `PLAN_CHANGED` when `confirm` is not the plan's hash. */
  run(
    reference: string,
    options: Omit<RestoreRequest, 'signal' | 'report'> & Caller & { confirm: string | true },
  ): Promise<{ task_id: string; id: string }>
  undo(id: string, caller: Caller): Promise<{ task_id: string; id: string }>
  discard(id: string, caller: Caller): Promise<{ task_id: string; id: string }>
}

export interface MaintenanceOperations {
  prune(options: Caller): Promise<{ task_id: string }>
  /** Lets retention drop what it may, then prunes. */
  forget(options: OfDatabase & Caller): Promise<{ task_id: string }>
  /** What retention would do with each backup now, and why. */
  preview(options?: OfDatabase & { policy?: Partial<RetentionPolicy> }): Promise<RetentionPreview>
  /** Mends what is damaged by the configured copies, or by the one named. `COPY_NOT_FOUND`. */
  repair(options: Caller & { from?: string; dryRun?: boolean }): Promise<{ task_id: string }>
  /** Reads again the share of what is stored whose turn it is. */
  scrub(options: Caller): Promise<{ task_id: string }>
}

export interface CopyOperations {
  /** How far each copy is. */
  states(options?: { signal?: AbortSignal; fresh?: boolean }): Promise<CopyState[]>
  /** Brings a copy up to date. `COPY_NOT_FOUND`. */
  run(name: string, caller: Caller): Promise<{ task_id: string }>
}

export interface StorageOperations {
  /**
   * Tries the repository's storage, or another one: `STORAGE_NOT_LISTED` unless the host listed it in
   * `allowedStorageEndpoints`. The task's result says how each check went.
   */
  test(options: Caller & { location?: string }): Promise<{ task_id: string }>
}

export interface RetentionPreview {
  policy: RetentionPolicy
  decisions: (RetentionDecision & { number: number; name: string; created_at: string; database: string })[]
}

export interface Task {
  task_id: string
  kind: string
  subject_id: string | null
  database: string
  status: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted'
  progress: TaskProgress | null
  result: Record<string, unknown> | null
  error: JobError | null
  trigger: string
  created_by: string
  created_at: string
  started_at: string | null
  finished_at: string | null
  cancel_requested: boolean
  attempt: number
  /** The interrupted task this one continues. */
  resumes: string | null
}

export interface TaskProgress {
  phase: string
  percent: number | null
  bytes: number
  bytes_total: number | null
  rows: number | null
  eta_seconds: number | null
}

export interface TaskLog {
  seq: number
  at: string
  level: string
  message: string
  detail: Record<string, unknown> | null
}

export type TaskUpdate = { type: 'log'; log: TaskLog } | { type: 'task'; task: Task }

export interface TaskFilter {
  status?: Task['status'][]
  kind?: string
  database?: string
  /** Id of the backup or restore it is about. */
  subject?: string
}

export interface TaskOperations {
  /** Newest first; queued ones alone in the order they will run. At most 1,000 unless `limit` says so. */
  list(filter?: TaskFilter & { limit?: number; offset?: number }): Promise<Task[]>
  count(filter?: TaskFilter): Promise<number>
  get(id: string): Promise<Task | null>
  /** The newest task about a backup or a restore of the given kinds. */
  ofSubject(subjectId: string, kinds?: string[]): Promise<Task | null>
  cancel(id: string): Promise<'cancelled' | 'requested' | 'finished' | 'missing'>
  reorder(ids: string[]): Promise<string[]>
  pause(): Promise<void>
  resume(): Promise<void>
  isPaused(): Promise<boolean>
  logs(id: string, after: number, limit?: number): Promise<TaskLog[]>
  /** Logs after a line, and the task whenever it changes; ends after the task has. */
  watch(id: string, options: { after?: number; signal?: AbortSignal }): AsyncIterable<TaskUpdate>
  watchAll(options: { signal?: AbortSignal }): AsyncIterable<Task>
}

export interface ConfigOperations {
  read(): Promise<RunTimeConfig>
  /** Validates, stores and applies; gives the whole. `CONFIG_INVALID`. */
  change(patch: RunTimeConfigPatch, caller: Caller): Promise<RunTimeConfig>
}

export interface ScheduledBackup {
  name: string
  database: string
  enabled: boolean
  cron: string
  time_zone: string
  jitter_minutes: number
  include_media: boolean
  type: string
  next_runs: string[]
}

export interface ScheduleOperations {
  /** With `trial`, as it would be with these changes of the configuration. `CONFIG_INVALID`. */
  list(options?: { count?: number; trial?: RunTimeConfigPatch }): Promise<ScheduledBackup[]>
}

export interface AuditOperations {
  append(record: Omit<AuditRecord, 'at'>): Promise<void>
  list(filter?: {
    subject?: string
    actor?: string
    action?: string
    limit?: number
    offset?: number
  }): Promise<AuditEvent[]>
  /** Walks the whole chain; the number of the first event that was changed, or null. */
  check(): Promise<{ events: number; broken_at: number | null }>
}

export interface Statistics {
  backups: number
  /** Of the finished backup jobs of the last 30 days. */
  succeeded: number
  failed: number
  success_rate: number | null
  stored_bytes: number
  logical_bytes: number
  last_backup_at: string | null
  mean_duration_seconds: number | null
  running: number
  queued: number
  /** How much of what is stored was read again of late; null where that was never done. */
  scrub: ScrubState | null
}
