import { z } from 'zod'
import { action } from '../action.ts'

export const resumeTasks = action({
  name: 'tasks.resume',
  summary: 'Goes on beginning tasks.',
  permission: 'tasks:manage',
  kind: 'change',
  input: z.strictObject({}),
  result: z.object({ paused: z.boolean() }),
  http: { method: 'POST', path: 'tasks/resume' },
  command: { name: 'resume', examples: ['lifeboat resume'] },
  page: 'queue',
  async run(context) {
    await (await context.background()).jobs.resume()
    return { paused: false }
  },
})
