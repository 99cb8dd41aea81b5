import { z } from 'zod'
import { statusSchema } from '../catalog/records.ts'
import { readStatus } from '../engine/read-status.ts'
import { action } from './action.ts'
import { databaseLabel } from './inputs.ts'

export const status = action({
  name: 'status',
  summary: 'Says in one line whether the last backup is good.',
  permission: 'status:read',
  kind: 'read',
  input: z.strictObject({
    database: databaseLabel,
    maxAgeSeconds: z
      .number()
      .min(0)
      .optional()
      .describe('A backup older than this is not good enough. Default: 26 hours.'),
  }),
  result: statusSchema,
  http: { method: 'GET', path: 'status' },
  command: { name: 'status', examples: ['lifeboat status', 'lifeboat status --max-age 2h || page-somebody'] },
  page: 'overview',
  run: (context, asked) => readStatus(context.parts, context.copies, { ...asked, signal: context.signal }),
})
