import { z } from 'zod'
import { logSchema } from '../catalog/records.ts'
import { type Task, type TaskUpdate, watchTask } from '../engine/background/tasks.ts'
import { type StreamEvent, wantsEvents } from './event-stream.ts'
import { HttpProblem } from './problem.ts'
import type { Answer, RouteContext } from './route.ts'
import { openStream } from './streams.ts'

export const logsQuery = z.object({
  after: z.coerce.number().int().min(0).max(2_147_483_646).default(0).describe('Only lines with a higher number.'),
  limit: z.coerce.number().int().min(1).max(5000).default(1000),
})

export const logsSchema = z.object({
  count: z.int(),
  task_id: z.string().nullable(),
  status: z.string().optional(),
  results: z.array(logSchema),
})

/** The logs of a task: as JSON, or as a stream that goes on until the task has ended. */
export async function logsAnswer(
  context: RouteContext<{ after: number; limit: number }, unknown>,
  task: Task | null,
): Promise<Answer<z.output<typeof logsSchema>>> {
  const { inside, query, request, signal } = context
  const background = await inside.ground.background()
  if (!task) {
    if (wantsEvents(request)) return new Response(null, { status: 204 })
    return { body: { count: 0, task_id: null, results: [] } }
  }
  const after = lastEventId(request) ?? query.after
  if (!wantsEvents(request)) {
    const results = await background.catalog.jobs.readLogs(task.task_id, after, query.limit)
    return { body: { count: results.length, task_id: task.task_id, status: task.status, results } }
  }
  // A client that comes back after the end is told by 204 not to come again.
  const ended = task.status !== 'queued' && task.status !== 'running'
  if (ended && lastEventId(request) !== undefined) {
    const more = await background.catalog.jobs.readLogs(task.task_id, after, 1)
    if (more.length === 0) return new Response(null, { status: 204 })
  }
  return openStream(context, events(watchTask(background, task.task_id, { after, signal })))
}

async function* events(updates: AsyncIterable<TaskUpdate>): AsyncGenerator<StreamEvent> {
  for await (const update of updates)
    if (update.type === 'log') yield { id: String(update.log.seq), event: 'log', data: update.log }
    else yield { event: 'task', data: update.task }
}

function lastEventId(request: Request): number | undefined {
  const text = request.headers.get('last-event-id')
  if (text === null || text === '') return undefined
  if (!/^\d{1,9}$/.test(text)) throw new HttpProblem(400, 'malformed', 'Last-Event-ID is not a line number.')
  return Number(text)
}
