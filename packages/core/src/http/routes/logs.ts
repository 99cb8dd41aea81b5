import { z } from 'zod'
import { databaseLabel } from '../../actions/inputs.ts'
import { findBackup } from '../../engine/background/backup-history.ts'
import { findRestore } from '../../engine/background/restore-history.ts'
import {
  findTask,
  type Task,
  type TaskUpdate,
  taskOfSubject,
  watchTask,
  watchTasks,
} from '../../engine/background/tasks.ts'
import type { StreamEvent } from '../event-stream.ts'
import { route } from '../route.ts'
import { openStream } from '../streams.ts'
import { logsAnswer, logsQuery, logsSchema } from '../task-logs.ts'

const ofBackup = route({
  method: 'GET',
  path: 'backups/:id/logs',
  permission: 'backups:read',
  summary:
    'Shows what the job that made the backup logged; as text/event-stream it goes on, resuming by Last-Event-ID.',
  query: logsQuery.extend({ database: databaseLabel }),
  answers: { status: 200, schema: logsSchema, alsoEvents: true },
  async handle(context) {
    const { ground } = context.inside
    const { database } = context.query
    const { id } = await findBackup(ground, context.params.id ?? '', { database, signal: context.signal })
    return logsAnswer(context, await taskOfSubject(await ground.background(), id, ['backup']))
  },
})

const ofRestore = route({
  method: 'GET',
  path: 'restores/:id/logs',
  permission: 'restores:read',
  summary: 'Shows what a restore logged; as text/event-stream it goes on, resuming by Last-Event-ID.',
  query: logsQuery,
  answers: { status: 200, schema: logsSchema, alsoEvents: true },
  async handle(context) {
    const background = await context.inside.ground.background()
    const { id } = await findRestore(background, context.params.id ?? '')
    return logsAnswer(context, await taskOfSubject(background, id, ['restore']))
  },
})

const ofTask = route({
  method: 'GET',
  path: 'tasks/:task_id/logs',
  permission: 'tasks:read',
  summary: 'Shows what a task logged; as text/event-stream it goes on, resuming by Last-Event-ID.',
  query: logsQuery,
  answers: { status: 200, schema: logsSchema, alsoEvents: true },
  handle: async (context) =>
    logsAnswer(context, await findTask(await context.inside.ground.background(), context.params.task_id ?? '')),
})

const events = route({
  method: 'GET',
  path: 'events',
  permission: 'tasks:read',
  summary: 'One stream for everything: every task whenever it changes, and the logs of the one asked for.',
  query: z.object({ logs_of: z.string().max(100).optional(), after: logsQuery.shape.after }),
  answers: { status: 200, contentType: 'text/event-stream' },
  async handle(context) {
    const background = await context.inside.ground.background()
    const { signal, query, request } = context
    const resumed = /^(t[0-9a-z-]{1,40}):(\d{1,9})$/.exec(request.headers.get('last-event-id') ?? '')
    const after = resumed && resumed[1] === query.logs_of ? Number(resumed[2]) : query.after
    const sources = [
      asTaskEvents(watchTasks(background, { signal })),
      ...(query.logs_of === undefined
        ? []
        : [asLogEvents(watchTask(background, query.logs_of, { after, signal }), query.logs_of)]),
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

export const logRoutes = [ofBackup, ofRestore, ofTask, events]
