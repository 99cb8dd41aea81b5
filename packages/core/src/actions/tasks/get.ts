import { z } from 'zod'
import { taskSchema } from '../../catalog/records.ts'
import { findTask } from '../../engine/background/tasks.ts'
import { action } from '../action.ts'
import { taskReference } from './input.ts'

export const getTask = action({
  name: 'tasks.get',
  summary: 'Shows one task with its progress, result or error.',
  permission: 'tasks:read',
  kind: 'read',
  subject: 'task',
  input: z.strictObject({ task: taskReference }),
  result: taskSchema,
  http: { method: 'GET', path: 'tasks/:task_id' },
  command: { name: 'job', examples: ['lifeboat job t3fk2'] },
  page: 'queue',
  run: async (context, { task }) => findTask(await context.background(), task),
})
