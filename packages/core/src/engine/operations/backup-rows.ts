import type { JobOutline, JobRecord } from '../../catalog/catalog.ts'
import type { BackupRow, JobError, UnfinishedBackup } from '../operations-type.ts'
import { resolveBackup } from '../resolve-backup.ts'
import type { BackupSummary } from '../summary.ts'

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
export function findBackupRow(rows: readonly BackupRow[], reference: string, database: string | undefined): BackupRow {
  const candidates = reference === 'latest' ? rows.filter(({ status }) => status === 'completed') : rows
  const { id } = resolveBackup(
    candidates.map((row) => ({
      id: row.id,
      number: row.number ?? -1,
      created_at: row.created_at ?? '',
      database: row.database ?? '',
    })),
    reference,
    database,
  )
  return candidates.find((row) => row.id === id) as BackupRow
}

function compareNewestFirst(a: BackupRow, b: BackupRow): number {
  const [left, right] = [a.created_at ?? '', b.created_at ?? '']
  return left === right ? (b.number ?? 0) - (a.number ?? 0) : left < right ? 1 : -1
}

const statusOf = { queued: 'pending', running: 'running', failed: 'failed', cancelled: 'cancelled' } as const

/** A backup that is known by its job alone. */
export function unfinishedBackup(job: JobRecord, database: string): UnfinishedBackup {
  const input = job.input as Record<string, never>
  return {
    id: job.subject_id as string,
    number: input.number ?? null,
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
    migration_state: null,
    installed_packages: null,
    database,
    database_size: null,
    table_count: null,
    row_count: null,
    include_media: input.include_media ?? false,
    media_size: null,
    logical_bytes: null,
    bytes_read: null,
    stored_bytes: null,
    checksum: null,
    tags: input.tags ?? null,
    pinned: input.pinned ?? false,
    last_verified: null,
    error: job.error as JobError | null,
    task_id: job.id,
  }
}
