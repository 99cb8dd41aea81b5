import { z } from 'zod'
import { taskSchema } from '../../catalog/records.ts'
import { jobFilter, type Task, taskOf } from '../../engine/background/tasks.ts'
import { sortAndSearch } from '../../policy/listing.ts'
import { action } from '../action.ts'
import { searched } from '../inputs.ts'

export const taskStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const

/** As many are searched and sorted: what is older is found by its filters. */
const most = 10_000
const searchable = ['task_id', 'kind', 'subject_id', 'database', 'created_by'] as const
const sortable = [
  ...(['task_id', 'kind', 'status', 'database', 'created_at', 'started_at', 'finished_at', 'created_by'] as const),
] as const

export const listTasks = action({
  name: 'tasks.list',
  summary: 'Lists tasks, newest first; queued ones alone in the order they will run.',
  permission: 'tasks:read',
  kind: 'read',
  input: z.strictObject({
    status: z.array(z.enum(taskStatuses)).optional().describe('Only these; several separated by commas.'),
    kind: z.string().max(100).optional().describe('Only of this kind: backup, restore, verify, ...'),
    database: z.string().max(100).optional().describe('Only of this database, by label.'),
    subjectId: z.string().max(100).optional().describe('Only about this backup or restore.'),
    ...searched,
  }),
  result: z.object({ rows: z.array(taskSchema), count: z.int(), paused: z.boolean() }),
  http: { method: 'GET', path: 'tasks', list: { item: taskSchema, extra: z.object({ paused: z.boolean() }) } },
  command: {
    name: 'jobs',
    examples: ['lifeboat jobs', 'lifeboat jobs --status running,queued', 'lifeboat jobs --cancel t3fk2'],
  },
  page: 'queue',
  async run(context, asked): Promise<{ rows: Task[]; count: number; paused: boolean }> {
    const { catalog, jobs } = await context.background()
    const { status, kind, database, subjectId: subject, page, pageSize } = asked
    const filter = jobFilter({ status, kind, database, subject })
    const paused = await jobs.isPaused()
    const offset = (page - 1) * pageSize
    if (asked.search === undefined && asked.sort === undefined) {
      const rows = (await catalog.jobs.list(filter, { limit: pageSize, offset })).map(taskOf)
      return { rows, count: await catalog.jobs.count(filter), paused }
    }
    const all = (await catalog.jobs.list(filter, { limit: most })).map(taskOf)
    const found = sortAndSearch(all, asked, { searchable, sortable })
    return { rows: found.slice(offset, offset + pageSize), count: found.length, paused }
  },
})
