import { z } from 'zod'
import type { Drill } from '../../repository/documents/drills.ts'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'
import { drillResult } from './result.ts'

export const listDrills = action({
  name: 'drills.list',
  summary: 'Lists what drills have found and how long a recovery took, newest first.',
  permission: 'backups:read',
  kind: 'read',
  input: z.strictObject({ database: databaseLabel }),
  result: z.array(drillResult),
  http: {
    method: 'GET',
    path: 'drills',
    answer: z.object({ count: z.int(), results: z.array(drillResult) }),
    present: (results: Drill[]) => ({ count: results.length, results }),
  },
  command: { name: 'drills', examples: ['lifeboat drills', 'lifeboat drills --json'] },
  page: 'backup',
  run: ({ drills, signal }, { database }) => drills.list({ database, signal }),
})
