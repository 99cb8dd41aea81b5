import { z } from 'zod'
import { observeAll } from '../../engine/background/restore-record.ts'
import { action } from '../action.ts'
import { databaseLabel, local } from '../inputs.ts'
import { actionPlan } from '../plan-hash.ts'

export const cleanLeftovers = action({
  name: 'maintenance.cleanLeftovers',
  summary: 'Drops what killed restores left on the server, and kept databases whose time is over.',
  permission: 'restores:run',
  kind: 'change',
  danger: null,
  input: z.strictObject({
    database: databaseLabel,
    without: local(
      z
        .string()
        .min(1)
        .max(4096)
        .optional()
        .describe('A media folder that does not come back: what a restore of media alone began ends without it.'),
    ),
  }),
  result: z.object({ dropped: z.array(z.string()) }),
  http: { method: 'POST', path: 'leftovers/clean' },
  command: {
    name: 'clean-leftovers',
    examples: ['lifeboat clean-leftovers', 'lifeboat clean-leftovers --without /srv/uploads'],
  },
  page: 'repository',
  async plan({ maintenance, signal }, { database, without }) {
    const found = await maintenance.leftovers({ database, signal })
    return actionPlan({
      subject: null,
      document: { action: 'clean-leftovers', ...(without === undefined ? {} : { without }), ...found },
    })
  },
  async run(context, { database, without }) {
    const { maintenance, signal, report } = context
    await observeAll(context)
    return maintenance.cleanLeftovers({ database, without, signal, report })
  },
  facts: ({ input, result }) => ({ ...input, ...result }),
})
