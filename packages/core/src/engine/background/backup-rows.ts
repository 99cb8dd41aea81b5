import type { JobOutline, JobRecord } from '../../catalog/catalog.ts'
import { newestFirst } from '../../policy/backup-order.ts'
import { type MeantDatabase, resolveBackup } from '../resolve-backup.ts'
import type { BackupSummary } from '../summary.ts'

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
  [Field in Exclude<keyof BackupSummary, 'status' | 'error' | 'id' | 'forecast'>]: BackupSummary[Field] | null
} & {
  id: string
  status: 'pending' | 'running' | 'failed' | 'cancelled' | 'interrupted'
  task_id: string
  error: JobError | null
}

/**
 * Backups of every status, newest first: what is stored is completed, whatever its job says; the others are known by
 * their jobs. Of several attempts at one backup the newest speaks. `jobs` come newest first; `unfinished` reads those
 * that stand for a backup themselves.
 */
export async function backupRows(
  completed: readonly BackupSummary[],
  jobs: readonly JobOutline[],
  unfinished: (jobs: readonly JobOutline[]) => Promise<UnfinishedBackup[]>,
): Promise<BackupRow[]> {
  const jobOf = new Map<string, JobOutline>()
  for (const job of jobs) if (job.subject_id !== null && !jobOf.has(job.subject_id)) jobOf.set(job.subject_id, job)
  const stored = completed.map((backup) => ({ ...backup, task_id: jobOf.get(backup.id)?.id ?? null }))
  const ids = new Set(completed.map(({ id }) => id))
  // A job that succeeded and whose backup is not there: it was deleted since.
  const others = [...jobOf.values()].filter(
    ({ status, subject_id }) => status !== 'succeeded' && !ids.has(subject_id as string),
  )
  return [...stored, ...(await unfinished(others))].sort((a, b) => compareNewestFirst(a, b))
}

/** Resolves a reference as everywhere; only completed ones are `latest`. */
export function findBackupRow(rows: readonly BackupRow[], reference: string, meant: MeantDatabase): BackupRow {
  const candidates = reference === 'latest' ? rows.filter(({ status }) => status === 'completed') : rows
  const { id } = resolveBackup(
    candidates.map((row) => ({
      id: row.id,
      number: row.number ?? -1,
      database: row.database ?? '',
      system_identifier: row.system_identifier,
      include_media: row.include_media === true,
      media_only: row.media_only === true,
      trigger: row.trigger,
      untrusted: row.quarantine ? row.quarantine.trusted?.scope !== 'all' : false,
    })),
    reference,
    meant,
  )
  return candidates.find((row) => row.id === id) as BackupRow
}

/** A number is given when a backup is asked for; one that has none yet is the newest. */
function compareNewestFirst(a: BackupRow, b: BackupRow): number {
  const numberOf = ({ number }: BackupRow) => number ?? Number.MAX_SAFE_INTEGER
  return newestFirst({ id: a.id, number: numberOf(a) }, { id: b.id, number: numberOf(b) })
}

const statusOf = { queued: 'pending', running: 'running', failed: 'failed', cancelled: 'cancelled' } as const

/** A backup that is known by its job alone. */
export function unfinishedBackup(job: JobRecord, database: string): UnfinishedBackup {
  const { input = {}, prepared = {} } = job.input as { input?: Record<string, never>; prepared?: { number?: number } }
  return {
    id: job.subject_id as string,
    number: prepared.number ?? null,
    status: statusOf[job.status as keyof typeof statusOf] ?? 'interrupted',
    type: input.type ?? 'incremental',
    name: input.name ?? null,
    description: input.description ?? null,
    trigger: job.trigger as 'manual',
    created_by: job.created_by,
    created_at: job.created_at,
    completed_at: null,
    app_name: null,
    app_version: null,
    lifeboat_version: null,
    node_version: null,
    postgres_version: null,
    system_identifier: null,
    migration_state: null,
    installed_packages: null,
    database,
    database_size: null,
    table_count: null,
    row_count: null,
    include_media: input.includeMedia === true || input.mediaOnly === true,
    media_only: input.mediaOnly ?? false,
    media_size: null,
    lost_files: null,
    logical_bytes: null,
    bytes_read: null,
    stored_bytes: null,
    checksum: null,
    tags: input.tags ?? null,
    pinned: input.pinned ?? false,
    last_verified: null,
    not_verified: null,
    quarantine: null,
    error: job.error as JobError | null,
    task_id: job.id,
  }
}

export const isCompleted = (row: BackupRow): row is CompletedBackup => row.status === 'completed'
