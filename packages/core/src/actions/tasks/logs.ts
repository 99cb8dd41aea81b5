import { z } from 'zod'
import { logSchema } from '../../catalog/records.ts'
import { findTask } from '../../engine/background/tasks.ts'
import { action } from '../action.ts'
import { taskReference } from './input.ts'

export const taskLogs = action({
  name: 'tasks.logs',
  summary: 'Shows what a task logged.',
  permission: 'tasks:read',
  kind: 'read',
  subject: 'task',
  input: z.strictObject({
    task: taskReference,
    after: z.number().int().min(0).max(2_147_483_646).default(0).describe('Only lines with a higher number.'),
    limit: z.number().int().min(1).max(5000).default(1000).describe('At most so many lines.'),
  }),
  result: z.array(logSchema),
  leftOut: {
    http: 'GET tasks/:task_id/logs sends them, also as a stream.',
    command: '`lifeboat logs` prints and follows them.',
  },
  page: 'queue',
  async run(context, { task, after, limit }) {
    const background = await context.background()
    const { task_id } = await findTask(background, task)
    return background.catalog.jobs.readLogs(task_id, after, limit)
  },
})
