import { z } from 'zod'
import { throttleSchema } from '../../catalog/records.ts'
import { action } from '../action.ts'

export const readThrottle = action({
  name: 'repository.readThrottle',
  summary: 'Shows how fast the repository may be written and read.',
  permission: 'config:read',
  kind: 'read',
  input: z.strictObject({}),
  result: throttleSchema,
  http: { method: 'GET', path: 'throttle' },
  leftOut: { command: '`lifeboat throttle` shows it.' },
  page: 'repository',
  run: async ({ parts }) => parts.throttle.limits,
})
