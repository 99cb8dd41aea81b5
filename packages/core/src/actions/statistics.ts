import { z } from 'zod'
import { statisticsSchema } from '../catalog/records.ts'
import { readStatistics } from '../engine/background/statistics.ts'
import { action } from './action.ts'
import { databaseLabel } from './inputs.ts'

export const statistics = action({
  name: 'statistics',
  summary: 'Shows success rate, sizes and durations.',
  permission: 'status:read',
  kind: 'read',
  input: z.strictObject({ database: databaseLabel }),
  result: statisticsSchema,
  http: { method: 'GET', path: 'statistics' },
  command: { name: 'statistics', examples: ['lifeboat statistics', 'lifeboat statistics --json'] },
  page: 'overview',
  run: async (context, asked) => readStatistics(await context.background(), asked),
})
