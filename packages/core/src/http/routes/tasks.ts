import { z } from 'zod'
import type { Task, TaskUpdate } from '../../engine/operations-type.ts'
import type { StreamEvent } from '../event-stream.ts'
import { listOf, listQuery, page, pageOf } from '../listing.ts'
import { HttpProblem } from '../problem.ts'
import { route } from '../route.ts'
import { taskSchema } from '../schemas.ts'
import { openStream } from '../streams.ts'
import { logsAnswer, logsQuery, logsSchema } from '../task-logs.ts'

const statuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const

/** As many are searched and sorted: what is older is found by its filters. */
const most = 10_000

const list = route({
  method: 'GET',
  path: 'tasks',
  permission: 'tasks:read',
  summary: 'Tasks, newest first; with status=queued in the order they will run.',
  query: listQuery.extend({
    status: z.string().max(100).optional().describe('One or several, separated by commas.'),
    kind: z.string().max(100).optional(),
    database: z.string().max(100).optional(),
    subject_id: z.string().max(100).optional().describe('Of the backup or restore it is about.'),
  }),
  answers: { status: 200, schema: listOf(taskSchema).extend({ paused: z.boolean() }) },
  async handle({ engine, query, request }) {
    const { tasks } = engine.operations
    const wanted = query.status?.split(',')
    const status = wanted && statuses.filter((one) => wanted.includes(one))
    const filter = { status, kind: query.kind, database: query.database, subject: query.subject_id }
    const paused = await tasks.isPaused()
    if (query.search === undefined && query.sort === undefined) {
      const offset = (query.page - 1) * query.page_size
      const rows = await tasks.list({ ...filter, limit: query.page_size, offset })
      return { body: { ...pageOf(rows, await tasks.count(filter), query, new URL(request.url)), paused } }
    }
    const found = page(await tasks.list({ ...filter, limit: most }), query, {
      url: new URL(request.url),
      searchable: ['task_id', 'kind', 'subject_id', 'database', 'created_by'],
      sortable: ['task_id', 'kind', 'status', 'database', 'created_at', 'started_at', 'finished_at', 'created_by'],
    })
    return { body: { ...found, paused } }
  },
})

const find = async (tasks: { get(id: string): Promise<Task | null> }, id: string | undefined): Promise<Task> => {
  const task = await tasks.get(id ?? '')
  if (!task) throw new HttpProblem(404, 'task_not_found', `There is no task "${id}".`)
  return task
}

const get = route({
  method: 'GET',
  path: 'tasks/:task_id',
  permission: 'tasks:read',
  summary: 'One task with its progress, result or error.',
  answers: { status: 200, schema: taskSchema },
  handle: async ({ engine, params }) => ({ body: await find(engine.operations.tasks, params.task_id) }),
})

const logs = route({
  method: 'GET',
  path: 'tasks/:task_id/logs',
  permission: 'tasks:read',
  summary: 'What a task logged; as text/event-stream it goes on, resuming by Last-Event-ID.',
  query: logsQuery,
  answers: { status: 200, schema: logsSchema },
  handle: async (context) => logsAnswer(context, await find(context.engine.operations.tasks, context.params.task_id)),
})

const cancel = route({
  method: 'POST',
  path: 'tasks/:task_id/cancel',
  permission: 'tasks:manage',
  audit: 'tasks.cancel',
  summary: 'Cancels a task: a queued one at once, a running one as soon as it has cleaned up.',
  answers: { status: 202, schema: taskSchema },
  async handle({ engine, params }) {
    const { tasks } = engine.operations
    const { task_id, status } = await find(tasks, params.task_id)
    if ((await tasks.cancel(task_id)) === 'finished')
      throw new HttpProblem(409, 'task_finished', `The task has ${status} already.`)
    return { status: 202, body: await find(tasks, task_id), subject: task_id }
  },
})

const reorder = route({
  method: 'POST',
  path: 'tasks/reorder',
  permission: 'tasks:manage',
  audit: 'tasks.reorder',
  summary: 'Puts these queued tasks first, in this order.',
  body: z.strictObject({ task_ids: z.array(z.string().max(100)).min(1).max(1000) }),
  answers: { status: 200, schema: z.object({ moved: z.array(z.string()) }) },
  handle: async ({ engine, body }) => ({ body: { moved: await engine.operations.tasks.reorder(body.task_ids) } }),
})

const pausedSchema = z.object({ paused: z.boolean() })

const pause = route({
  method: 'POST',
  path: 'tasks/pause',
  permission: 'tasks:manage',
  audit: 'tasks.pause',
  summary: 'Begins no more tasks; those that run go on.',
  answers: { status: 200, schema: pausedSchema },
  async handle({ engine }) {
    await engine.operations.tasks.pause()
    return { body: { paused: true } }
  },
})

const resume = route({
  method: 'POST',
  path: 'tasks/resume',
  permission: 'tasks:manage',
  audit: 'tasks.resume',
  summary: 'Goes on beginning tasks.',
  answers: { status: 200, schema: pausedSchema },
  async handle({ engine }) {
    await engine.operations.tasks.resume()
    return { body: { paused: false } }
  },
})

const events = route({
  method: 'GET',
  path: 'events',
  permission: 'tasks:read',
  summary: 'One stream for everything: every task whenever it changes, and the logs of the one asked for.',
  query: z.object({ logs_of: z.string().max(100).optional(), after: logsQuery.shape.after }),
  answers: { status: 200, contentType: 'text/event-stream' },
  async handle(context) {
    const { tasks } = context.engine.operations
    const { signal, query, request } = context
    const resumed = /^(t[0-9a-z-]{1,40}):(\d{1,9})$/.exec(request.headers.get('last-event-id') ?? '')
    const after = resumed && resumed[1] === query.logs_of ? Number(resumed[2]) : query.after
    const sources = [
      asTaskEvents(tasks.watchAll({ signal })),
      ...(query.logs_of === undefined
        ? []
        : [asLogEvents(tasks.watch(query.logs_of, { after, signal }), query.logs_of)]),
    ]
    return openStream(context, merge(sources))
  },
})

async function* asTaskEvents(source: AsyncIterable<Task>): AsyncGenerator<StreamEvent> {
  for await (const task of source) yield { event: 'task', data: task }
}

async function* asLogEvents(source: AsyncIterable<TaskUpdate>, taskId: string): AsyncGenerator<StreamEvent> {
  for await (const update of source)
    if (update.type === 'log')
      yield { id: `${taskId}:${update.log.seq}`, event: 'log', data: { task_id: taskId, ...update.log } }
}

/** What comes first of several sources, until all have ended. */
async function* merge(sources: AsyncGenerator<StreamEvent>[]): AsyncGenerator<StreamEvent> {
  const next = (source: AsyncGenerator<StreamEvent>) => source.next().then((result) => ({ source, result }))
  const waiting = new Map(sources.map((source) => [source, next(source)]))
  try {
    while (waiting.size > 0) {
      const { source, result } = await Promise.race(waiting.values())
      if (result.done) waiting.delete(source)
      else {
        waiting.set(source, next(source))
        yield result.value
      }
    }
  } finally {
    // Each still waits for its own signal: what it gives then is not looked at any more.
    for (const [source, pending] of waiting) {
      pending.catch(() => {})
      source.return(undefined).catch(() => {})
    }
  }
}

export const taskRoutes = [list, get, logs, cancel, reorder, pause, resume, events]
