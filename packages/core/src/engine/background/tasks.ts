import type { JobFilter, JobRecord } from '../../catalog/catalog.ts'
import { EngineError } from '../../errors.ts'
import type { JobError } from './backup-rows.ts'
import type { Background } from './core.ts'

/** A job as lists, pages and the wire name it. */
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

/** How far a task is. What cannot be known beforehand is null. */
export interface TaskProgress {
  phase: string
  percent: number | null
  bytes: number
  bytes_total: number | null
  rows: number | null
  eta_seconds: number | null
  /** Only in phase `waiting`: why the work stands still, which session is in the way, and when it tries again. */
  waiting?: {
    reason: string
    blocked_by: { pid: number; statement: string } | null
    next_try_at: string | null
  }
}

/** One line of the log of a task; `seq` counts them from 1. */
export interface TaskLog {
  seq: number
  at: string
  level: string
  message: string
  detail: Record<string, unknown> | null
}

export type TaskUpdate = { type: 'log'; log: TaskLog } | { type: 'task'; task: Task }

export interface TaskFilter {
  status?: readonly Task['status'][] | undefined
  kind?: string | undefined
  database?: string | undefined
  /** Id of the backup or restore it is about. */
  subject?: string | undefined
}

export function taskOf(job: JobRecord): Task {
  return {
    task_id: job.id,
    kind: job.kind,
    subject_id: job.subject_id,
    database: job.database,
    status: job.status,
    progress: job.progress as TaskProgress | null,
    result: job.result,
    error: job.error as JobError | null,
    trigger: job.trigger,
    created_by: job.created_by,
    created_at: job.created_at,
    started_at: job.started_at,
    finished_at: job.finished_at,
    cancel_requested: job.cancel_requested,
    attempt: job.attempt,
    resumes: job.resumes,
  }
}

export function jobFilter({ status, kind, database, subject }: TaskFilter): JobFilter {
  return {
    ...(status === undefined ? {} : { statuses: status }),
    ...(kind === undefined ? {} : { kinds: [kind] }),
    ...(database === undefined ? {} : { database }),
    ...(subject === undefined ? {} : { subjectId: subject }),
  }
}

/** `TASK_NOT_FOUND`. */
export async function findTask({ catalog }: Pick<Background, 'catalog'>, id: string): Promise<Task> {
  const job = await catalog.jobs.get(id)
  if (job) return taskOf(job)
  throw new EngineError('TASK_NOT_FOUND', `There is no task "${id}".`)
}

/** The newest task about a backup or a restore, of the given kinds. */
export async function taskOfSubject(
  { catalog }: Pick<Background, 'catalog'>,
  subjectId: string,
  kinds: readonly string[],
): Promise<Task | null> {
  const [job] = await catalog.jobs.list({ subjectId, kinds }, { limit: 1 })
  return job ? taskOf(job) : null
}

/** Logs after a line, and the task whenever it changes; ends after the task has. */
export async function* watchTask(
  { jobs }: Pick<Background, 'jobs'>,
  id: string,
  options: { after?: number; signal?: AbortSignal },
): AsyncGenerator<TaskUpdate> {
  for await (const update of jobs.watch(id, options))
    yield update.type === 'log' ? { type: 'log', log: update.line } : { type: 'task', task: taskOf(update.job) }
}

/** Every task whenever it changes, beginning with those that have not ended. */
export async function* watchTasks(
  { jobs }: Pick<Background, 'jobs'>,
  options: { signal?: AbortSignal },
): AsyncGenerator<Task> {
  for await (const job of jobs.watchAll(options)) yield taskOf(job)
}
