import { z } from 'zod'
import { action } from '../action.ts'

export const reorderTasks = action({
  name: 'tasks.reorder',
  summary: 'Puts these queued tasks first, in this order.',
  permission: 'tasks:manage',
  kind: 'change',
  input: z.strictObject({
    taskIds: z.array(z.string().max(100)).min(1).max(1000).describe('Ids, in the order wanted.'),
  }),
  result: z.object({ moved: z.array(z.string()) }),
  http: { method: 'POST', path: 'tasks/reorder' },
  command: { name: 'reorder', examples: ['lifeboat reorder --task-ids t3fk2,t9ab1'] },
  page: 'queue',
  run: async (context, { taskIds }) => ({ moved: await (await context.background()).jobs.reorder(taskIds) }),
})
