import { createHash } from 'node:crypto'
import type { Json } from '../catalog/catalog.ts'
import { sortedJson } from '../policy/audit/canonical-json.ts'
import type { ActionPlan } from './action.ts'

/** A plan with the hash of what people look at. */
export function actionPlan(plan: {
  subject: string | null
  refusals?: ActionPlan['refusals']
  document: Json
}): ActionPlan {
  const { subject, refusals = [], document } = plan
  return { subject, refusals, document, hash: createHash('sha256').update(sortedJson(document)).digest('hex') }
}
