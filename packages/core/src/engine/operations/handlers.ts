import type { JobRecord, Json, RestoreRecord } from '../../catalog/catalog.ts'
import { EngineError, isEngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import { jobError } from '../../jobs/job-error.ts'
import type { JobContext, JobHandler } from '../../jobs/runner.ts'
import { claimNumber } from '../../repository/numbers.ts'
import type { VerifyLevel } from '../engine-type.ts'
import type { RestoreRequest } from '../restores.ts'
import { runStorageTest } from '../storage-test.ts'
import type { Background } from './core.ts'
import { previewRetention } from './retention.ts'
import { copyAfter, runCopyJob, runRepairJob, runScrubJob } from './upkeep.ts'

/** What each kind of job does. Those that change only what can be done again are taken up after a crash. */
export function createJobHandlers(background: () => Promise<Background>): Record<string, JobHandler> {
  const handler = (
    resumable: boolean,
    run: (ready: Background, job: JobRecord, context: JobContext) => Promise<Json | null>,
  ): JobHandler => ({ resumable, run: async (job, context) => run(await background(), job, context) })
  return {
    backup: handler(true, runBackupJob),
    verify: handler(true, runVerifyJob),
    export: handler(true, runExportJob),
    prune: handler(true, async ({ maintenance }, _, context) => ({ ...(await maintenance.prune(context)) })),
    forget: handler(true, runForgetJob),
    copy: handler(true, runCopyJob),
    repair: handler(true, runRepairJob),
    scrub: handler(true, runScrubJob),
    storage_test: handler(false, async ({ parts }, { input }, context) => ({
      ...(await runStorageTest(parts, input.location as string | undefined, context)),
    })),
    // A restore that was broken off has changed nothing that is live; whether it is still wanted, people decide.
    restore: handler(false, runRestoreJob),
    undo: handler(false, runUndoJob),
    discard: handler(false, runDiscardJob),
  }
}

interface BackupInput {
  number?: number
  name?: string
  description?: string
  include_media?: boolean
  type?: 'full' | 'incremental' | 'differential'
  tags?: Record<string, string>
  pinned?: boolean
}

async function runBackupJob(ready: Background, job: JobRecord, { signal, report }: JobContext): Promise<Json> {
  const { parts, backups, config } = ready
  const id = job.subject_id as string
  const input = job.input as BackupInput
  const made = await backups.get(id, { database: job.database, signal }).catch((error: unknown) => {
    if (isEngineError(error, 'BACKUP_NOT_FOUND')) return null
    throw error
  })
  // The attempt before had stored it and died before it could say so.
  if (made) log(report, 'info', `Backup ${made.number} is completed already.`)
  const { use_compression: compressed, export_after_backup: exports } = await config.read()
  const backup =
    made ??
    (await backups.create({
      database: job.database,
      id,
      number: input.number ?? (await claimNumber(await parts.repository(), { signal })),
      name: input.name,
      description: input.description,
      includeMedia: input.include_media,
      type: input.type,
      tags: input.tags,
      pinned: input.pinned,
      trigger: job.trigger as 'manual' | 'schedule' | 'api',
      createdBy: job.created_by,
      ...(compressed ? {} : { compressionLevel: 0 }),
      signal,
      report,
    }))
  if (exports) await exportAfter(ready, job)
  await copyAfter(ready, job)
  await forgetAfter(ready, job)
  const { number, logical_bytes, stored_bytes, row_count } = backup
  return { id, number, logical_bytes, stored_bytes, rows: row_count }
}

/** Retention runs after each successful backup, as a job of its own: its failure is not the backup's. */
async function forgetAfter({ jobs }: Background, { database, created_by }: JobRecord): Promise<void> {
  await jobs.add({
    kind: 'forget',
    database,
    writer: '.prune',
    trigger: 'schedule',
    createdBy: created_by,
    input: {},
  })
}

/** The standard files, as a job of its own: the backup is one without them. */
async function exportAfter({ jobs }: Background, { database, created_by, subject_id }: JobRecord): Promise<void> {
  await jobs.add({
    kind: 'export',
    database,
    writer: '.export',
    subjectId: subject_id,
    trigger: 'schedule',
    createdBy: created_by,
    input: {},
  })
}

async function runExportJob({ backups }: Background, job: JobRecord, { signal, report }: JobContext): Promise<Json> {
  const { files } = await backups.exportToFolder(job.subject_id as string, { database: job.database, signal, report })
  for (const file of files) log(report, 'info', `Wrote ${file}.`)
  return { files }
}

async function runVerifyJob({ backups }: Background, job: JobRecord, { signal, report }: JobContext): Promise<Json> {
  const level = job.input.level as VerifyLevel | undefined
  const found = await backups.verify(job.subject_id as string, {
    database: job.database,
    ...(level === undefined ? {} : { levels: [level] }),
    signal,
    report,
  })
  if (found.ok) return { ...found }
  const problems = found.levels.flatMap((one) => one.problems)
  throw new EngineError('REPOSITORY_DAMAGED', `Backup ${found.number} is damaged: ${problems[0] ?? ''}`, {
    detail: { ...found },
  })
}

async function runForgetJob(ready: Background, job: JobRecord, { signal, report }: JobContext): Promise<Json> {
  const { backups, maintenance } = ready
  const { decisions } = await previewRetention(ready, { database: job.database })
  const going = new Map(decisions.filter(({ keep }) => !keep).map(({ id, text }) => [id, text]))
  signal.throwIfAborted()
  const deleted = await backups.deleteAll([...going.keys()], {
    signal,
    report,
    onDeleted: ({ id, number }) => log(report, 'info', `Backup ${number} was forgotten. ${going.get(id)}`, { id }),
  })
  const forgotten = deleted.map(({ id }) => id)
  const pruned = forgotten.length > 0 ? { ...(await maintenance.prune({ signal, report })) } : null
  return { forgotten, kept: decisions.length - forgotten.length, pruned }
}

async function runRestoreJob(ready: Background, job: JobRecord, { signal, report }: JobContext): Promise<Json> {
  const { catalog, restores } = ready
  const id = job.subject_id as string
  const input = job.input as { backup_id: string; confirm: string; request: RestoreRequest }
  const change = async (changes: Partial<RestoreRecord>) => {
    const record = await catalog.restores.get(id)
    if (record) await catalog.restores.put({ ...record, ...changes })
  }
  await change({ status: 'running', job_id: job.id, started_at: new Date().toISOString() })
  try {
    const result = await restores.run(input.backup_id, {
      ...input.request,
      database: job.database,
      confirm: input.confirm,
      id,
      signal,
      report,
    })
    const { safety_backup_id, kept_database, undo_until, rows, finished_at } = result
    await change({ status: 'succeeded', safety_backup_id, kept_database, undo_until, rows, finished_at })
    return { ...result }
  } catch (error) {
    const status = signal.aborted ? (signal.reason === 'cancelled' ? 'cancelled' : 'interrupted') : 'failed'
    await change({ status, error: jobError(error), finished_at: new Date().toISOString() })
    throw error
  }
}

async function runUndoJob({ catalog, restores }: Background, job: JobRecord, context: JobContext): Promise<Json> {
  const id = job.subject_id as string
  const result = await restores.undo(id, { database: job.database, ...context })
  const record = await catalog.restores.get(id)
  if (!record) return result
  // What was live is kept in its turn: undone once more, the restore holds again.
  const status = record.status === 'undone' ? 'succeeded' : 'undone'
  const { kept_database, undo_until } = result
  await catalog.restores.put({ ...record, status, kept_database, undo_until })
  return result
}

async function runDiscardJob({ catalog, restores }: Background, job: JobRecord, context: JobContext): Promise<Json> {
  const id = job.subject_id as string
  const result = await restores.discard(id, { database: job.database, ...context })
  const record = await catalog.restores.get(id)
  // Of an undone one it is the restored data that is dropped.
  const status = record?.status === 'undone' ? 'undone' : 'confirmed'
  if (record) await catalog.restores.put({ ...record, status, kept_database: null, undo_until: null })
  return result
}
