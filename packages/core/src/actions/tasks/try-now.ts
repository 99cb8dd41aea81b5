import { z } from 'zod'
import { taskSchema } from '../../catalog/records.ts'
import { findTask } from '../../engine/background/tasks.ts'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'
import { taskReference } from './input.ts'

export const tryTaskNow = action({
  name: 'tasks.tryNow',
  summary: 'Lets a running task that waits for its next try go on at once.',
  permission: 'tasks:manage',
  kind: 'change',
  subject: 'task',
  input: z.strictObject({ task: taskReference }),
  result: taskSchema,
  http: { method: 'POST', path: 'tasks/:task_id/try-now', status: 202 },
  command: { name: 'try-now', examples: ['lifeboat try-now t3fk2'] },
  page: 'queue',
  async run(context, { task }) {
    const background = await context.background()
    const { task_id, status, progress } = await findTask(background, task)
    context.about = task_id
    if (status !== 'running' && status !== 'queued')
      throw new EngineError('TASK_FINISHED', `The task has ${status} already.`)
    const waits = progress?.waiting?.next_try_at != null
    if (!waits || (await background.jobs.tryNow(task_id)) === 'not_waiting')
      throw new EngineError('INVALID', 'The task does not wait for another try.')
    return findTask(background, task_id)
  },
})
