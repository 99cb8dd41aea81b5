import { z } from 'zod'
import { action } from '../action.ts'

export const pauseTasks = action({
  name: 'tasks.pause',
  summary: 'Begins no more tasks; those that run go on.',
  permission: 'tasks:manage',
  kind: 'change',
  input: z.strictObject({}),
  result: z.object({ paused: z.boolean() }),
  http: { method: 'POST', path: 'tasks/pause' },
  command: { name: 'pause', examples: ['lifeboat pause'] },
  page: 'queue',
  async run(context) {
    await (await context.background()).jobs.pause()
    return { paused: true }
  },
})
