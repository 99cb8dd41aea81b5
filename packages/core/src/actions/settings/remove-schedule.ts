import { z } from 'zod'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'

export const removeSchedule = action({
  name: 'schedules.remove',
  summary: 'Removes a schedule. What it has begun goes on.',
  permission: 'config:write',
  kind: 'change',
  subject: 'name',
  input: z.strictObject({ name: z.string().min(1).max(63).describe('Name of the schedule.') }),
  result: z.object({ removed: z.string() }),
  http: { method: 'DELETE', path: 'schedule/:name', status: 204 },
  command: { name: 'schedule-remove', examples: ['lifeboat schedule-remove weekly-check'] },
  page: 'repository',
  async run(context, { name }) {
    context.about = name
    const { catalog } = await context.background()
    if (!(await catalog.schedule.remove(name)))
      throw new EngineError('SCHEDULE_NOT_FOUND', `There is no schedule "${name}".`)
    return { removed: name }
  },
})
