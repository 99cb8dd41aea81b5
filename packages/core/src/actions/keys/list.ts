import { z } from 'zod'
import { keySlotSchema } from '../../catalog/records.ts'
import type { KeySlotSummary } from '../../engine/keys.ts'
import { action } from '../action.ts'

export const listKeys = action({
  name: 'keys.list',
  summary: 'Lists the keys that open the repository, without any secret.',
  permission: 'config:read',
  kind: 'read',
  input: z.strictObject({}),
  result: z.array(keySlotSchema),
  http: {
    method: 'GET',
    path: 'keys',
    answer: z.object({ count: z.int(), results: z.array(keySlotSchema) }),
    present: (results: KeySlotSummary[]) => ({ count: results.length, results }),
  },
  command: { name: 'key list', examples: ['lifeboat key list'] },
  page: 'repository',
  run: ({ keys }) => keys.list(),
})
