import { z } from 'zod'
import { taskSchema } from '../../catalog/records.ts'
import { findTask } from '../../engine/background/tasks.ts'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'
import { taskReference } from './input.ts'

export const cancelTask = action({
  name: 'tasks.cancel',
  summary: 'Cancels a task: a queued one at once, a running one as soon as it has cleaned up.',
  permission: 'tasks:manage',
  kind: 'change',
  subject: 'task',
  input: z.strictObject({ task: taskReference }),
  result: taskSchema,
  http: { method: 'POST', path: 'tasks/:task_id/cancel', status: 202 },
  command: { name: 'cancel', examples: ['lifeboat cancel t3fk2'] },
  page: 'queue',
  async run(context, { task }) {
    const background = await context.background()
    const { task_id, status } = await findTask(background, task)
    context.about = task_id
    if ((await background.jobs.cancel(task_id)) === 'finished')
      throw new EngineError('TASK_FINISHED', `The task has ${status} already.`)
    return findTask(background, task_id)
  },
})
