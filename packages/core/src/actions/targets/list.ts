import { z } from 'zod'
import { isAllowed } from '../../policy/permissions.ts'
import type { TargetState } from '../../restore/target/target-state.ts'
import { action } from '../action.ts'
import { toWire, wireResult } from '../wire.ts'
import { targetName } from './input.ts'

const targetState = z
  .object({
    name: z.string(),
    database: z.string(),
    host: z.string().nullable().describe('Null for people who cannot refresh it.'),
    port: z.int().nullable(),
    state: z.enum(['ready', 'not_adopted', 'missing', 'unreachable']),
    why: z.string().nullable().describe('Why it cannot be refreshed as it is.'),
    masked: z.boolean(),
    carryOver: z.array(z.string()).describe('Tables whose rows stay.'),
    refreshed: z
      .object({
        at: z.string(),
        restore: z.string(),
        backup: z.string(),
        number: z.int(),
        backup_created_at: z.string(),
        database: z.string(),
        masked: z.string().nullable().describe('The masking policy; null where nothing was masked.'),
      })
      .nullable()
      .describe('What is in it; null before the first refresh.'),
    kept: z.array(z.object({ database: z.string(), keepUntil: z.string().nullable(), bytes: z.number() })),
    leftovers: z.array(z.string()).describe('Databases of refreshes that died.'),
  })
  .meta({ id: 'target' })

export const listTargets = action({
  name: 'targets.list',
  summary: 'Lists the configured targets of refreshes: what is in each, and whether it can be refreshed.',
  permission: 'restores:read',
  kind: 'read',
  input: z.strictObject({ target: targetName.optional().describe('Only this one.') }),
  result: z.array(targetState),
  http: {
    method: 'GET',
    path: 'targets',
    answer: z.object({ count: z.int(), results: z.array(wireResult(targetState)) }),
    present: (results: ListedTarget[]) => ({
      count: results.length,
      results: results.map((one) => toWire(targetState, one)),
    }),
  },
  command: { name: 'targets', examples: ['lifeboat targets', 'lifeboat targets --json'] },
  page: 'restore',
  async run({ targets, signal, caller }, { target }): Promise<ListedTarget[]> {
    const found = await targets.list({ target, signal })
    return isAllowed(caller.actor, 'restores:run') ? found : found.map(withoutAddress)
  },
})

type ListedTarget = Omit<TargetState, 'host' | 'port'> & { host: string | null; port: number | null }

/** Where a server is concerns those alone who replace what is on it. What it says when it cannot be reached says where it is. */
const withoutAddress = (one: TargetState): ListedTarget => ({
  ...one,
  ...{ host: null, port: null },
  why: one.state === 'unreachable' ? 'Its server cannot be reached.' : one.why,
})
