import type { JobFilter, JobRecord } from '../../catalog/catalog.ts'
import type { JobError, Task, TaskFilter, TaskOperations, TaskProgress } from '../operations-type.ts'
import type { Background } from './core.ts'

/** A job as the HTTP contract names it. */
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

function jobFilter({ status, kind, database, subject }: TaskFilter): JobFilter {
  return {
    ...(status === undefined ? {} : { statuses: status }),
    ...(kind === undefined ? {} : { kinds: [kind] }),
    ...(database === undefined ? {} : { database }),
    ...(subject === undefined ? {} : { subjectId: subject }),
  }
}

export function createTaskOperations(background: () => Promise<Background>): TaskOperations {
  return {
    async list({ limit = 1000, offset = 0, ...filter } = {}) {
      const { catalog } = await background()
      return (await catalog.jobs.list(jobFilter(filter), { limit, offset })).map(taskOf)
    },
    count: async (filter = {}) => (await background()).catalog.jobs.count(jobFilter(filter)),
    async get(id) {
      const job = await (await background()).catalog.jobs.get(id)
      return job && taskOf(job)
    },
    async ofSubject(subjectId, kinds) {
      const { catalog } = await background()
      const [job] = await catalog.jobs.list({ subjectId, ...(kinds ? { kinds } : {}) }, { limit: 1 })
      return job ? taskOf(job) : null
    },
    cancel: async (id) => (await background()).jobs.cancel(id),
    reorder: async (ids) => (await background()).jobs.reorder(ids),
    pause: async () => (await background()).jobs.pause(),
    resume: async () => (await background()).jobs.resume(),
    isPaused: async () => (await background()).jobs.isPaused(),
    logs: async (id, after, limit) => (await background()).catalog.jobs.readLogs(id, after, limit),
    async *watch(id, options) {
      for await (const update of (await background()).jobs.watch(id, options))
        yield update.type === 'log' ? { type: 'log', log: update.line } : { type: 'task', task: taskOf(update.job) }
    },
    async *watchAll(options) {
      for await (const job of (await background()).jobs.watchAll(options)) yield taskOf(job)
    },
  }
}
