import { z } from 'zod'
import { restoreSchema } from '../../catalog/records.ts'
import { findRestore } from '../../engine/background/restore-history.ts'
import { action } from '../action.ts'
import { restoreReference } from '../inputs.ts'

export const getRestore = action({
  name: 'restores.get',
  summary: 'Shows one restore: what it did, what is live now, and what can still be done.',
  permission: 'restores:read',
  kind: 'read',
  subject: 'restore',
  input: z.strictObject({ restore: restoreReference }),
  result: restoreSchema,
  http: { method: 'GET', path: 'restores/:id' },
  command: { name: 'show-restore', examples: ['lifeboat show-restore r3fk2'] },
  page: 'restore',
  run: async (context, { restore }) => findRestore(await context.background(), restore),
})
