import { z } from 'zod'
import { throttleSchema } from '../../catalog/records.ts'
import { applyThrottle } from '../../engine/background/shared-throttle.ts'
import { action } from '../action.ts'

const bytes = z.number().min(0).max(1e12).optional()

export const changeThrottle = action({
  name: 'repository.throttle',
  summary: 'Changes how fast the repository may be written and read; it holds at once, also for what is under way.',
  permission: 'maintenance:run',
  kind: 'change',
  input: z.strictObject({
    upload: bytes.describe('Bytes per second to the repository; 0 is no limit.'),
    download: bytes.describe('Bytes per second from the repository; 0 is no limit.'),
  }),
  result: throttleSchema,
  http: { method: 'POST', path: 'throttle' },
  command: {
    name: 'throttle',
    examples: ['lifeboat throttle --upload 5000000', 'lifeboat throttle --upload 0 --download 0'],
  },
  page: 'repository',
  async run(context, limits) {
    context.parts.throttle.change(limits)
    const history = await context.history()
    // Other processes see it with their next look at the settings.
    if (history) await applyThrottle(history, context.parts.throttle.limits, context.caller.actor.id)
    return context.parts.throttle.limits
  },
})
