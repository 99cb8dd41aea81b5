import { createHash } from 'node:crypto'
import { canonicalJson } from '../policy/audit.ts'
import { HttpProblem } from './problem.ts'
import type { HandlerSettings } from './settings.ts'

/** What a confirmation is bound to. */
export const planHash = (plan: unknown): string => createHash('sha256').update(canonicalJson(plan)).digest('hex')

/**
 * Why an action does not go ahead yet: nobody has confirmed its plan (409 confirmation_required), or what was confirmed
 * is not what would happen now (409 plan_changed). Null when it may.
 */
export function confirmationRefusal(
  settings: HandlerSettings,
  confirm: string | undefined,
  plan: object,
  hash: string,
): HttpProblem | null {
  if (confirm === hash) return null
  const extra = { plan, plan_hash: hash }
  if (confirm !== undefined)
    return new HttpProblem(409, 'plan_changed', 'What would happen is not what was confirmed. Look at the new plan.', {
      extra,
    })
  if (settings.confirmation === 'off') return null
  return new HttpProblem(409, 'confirmation_required', 'Repeat the request with "confirm": plan_hash to go ahead.', {
    extra,
  })
}
