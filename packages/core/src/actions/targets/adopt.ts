import { z } from 'zod'
import type { Json } from '../../catalog/catalog.ts'
import type { Adopted, AdoptionFacts } from '../../restore/target/adopt-target.ts'
import { action } from '../action.ts'
import { actionPlan } from '../plan-hash.ts'
import { targetName } from './input.ts'

export const adoptTarget = action({
  name: 'targets.adopt',
  summary: 'Marks the database of a target, once, as one that refreshes may replace. Makes it where there is none.',
  permission: 'restores:run',
  kind: 'change',
  subject: 'target',
  input: z.strictObject({ target: targetName }),
  result: z.object({ target: z.string(), database: z.string(), created: z.boolean() }),
  http: { method: 'POST', path: 'targets/:target/adopt' },
  command: { name: 'adopt-target', examples: ['lifeboat adopt-target staging'] },
  page: 'restore',
  confirm: 'people',
  async plan({ targets, signal }, { target }) {
    const { refusals, ...found } = await targets.planAdoption(target, { signal })
    return actionPlan({
      subject: target,
      refusals: refusals.map(({ text }) => ({ code: 'TARGET_REFUSED', text })),
      document: { action: 'adopt-target', ...documentOf(found) },
    })
  },
  async run({ targets, signal }, { target }, plan): Promise<Adopted> {
    const found = plan?.document as { present: { system_identifier: string; oid: string } | null } | undefined
    const present = found?.present ?? null
    const planned = present && { systemIdentifier: present.system_identifier, oid: present.oid }
    return targets.adopt(target, planned, { signal })
  },
  facts: ({ input, plan, result }) => ({
    target: input.target,
    database: (plan?.document as { database?: string } | undefined)?.database ?? null,
    ...(result ? { created: result.created } : {}),
  }),
})

/** Without what changes while people look at it: sizes and sessions are rough. */
function documentOf({ present, ...where }: Omit<AdoptionFacts, 'refusals'>): Json {
  if (!present) return { ...where, present: null }
  const { systemIdentifier, oid, tables, comment } = present
  return { ...where, present: { system_identifier: systemIdentifier, oid, tables, comment } }
}
