import { z } from 'zod'
import { observeAll } from '../../engine/background/restore-record.ts'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'
import { actionPlan } from '../plan-hash.ts'

export const cleanLeftovers = action({
  name: 'maintenance.cleanLeftovers',
  summary: 'Drops what killed restores left on the server, and kept databases whose time is over.',
  permission: 'restores:run',
  kind: 'change',
  danger: null,
  input: z.strictObject({ database: databaseLabel }),
  result: z.object({ dropped: z.array(z.string()) }),
  http: { method: 'POST', path: 'leftovers/clean' },
  command: { name: 'clean-leftovers', examples: ['lifeboat clean-leftovers'] },
  page: 'repository',
  async plan({ maintenance, signal }, { database }) {
    const found = await maintenance.leftovers({ database, signal })
    return actionPlan({ subject: null, document: { action: 'clean-leftovers', ...found } })
  },
  async run(context, { database }) {
    const { maintenance, signal, report } = context
    await observeAll(context)
    return maintenance.cleanLeftovers({ database, signal, report })
  },
  facts: ({ input, result }) => ({ ...input, ...result }),
})
