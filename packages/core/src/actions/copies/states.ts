import { z } from 'zod'
import { copySchema } from '../../catalog/records.ts'
import type { CopyState } from '../../engine/copies.ts'
import { action } from '../action.ts'

export const copyStates = action({
  name: 'copies.states',
  summary: 'Shows the copies of the repository and how far each is.',
  permission: 'status:read',
  kind: 'read',
  input: z.strictObject({
    fresh: z.boolean().optional().describe('Ask each storage, and not what was seen in the last minute.'),
  }),
  result: z.array(copySchema),
  http: {
    method: 'GET',
    path: 'copies',
    answer: z.object({ count: z.int(), results: z.array(copySchema) }),
    present: (results: CopyState[]) => ({ count: results.length, results }),
  },
  leftOut: { command: '`lifeboat copy --status` prints it.' },
  page: 'repository',
  run: ({ copies, signal }, { fresh }) => copies.states({ signal, fresh }),
})
