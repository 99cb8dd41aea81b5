import type { ApprovalEnd, ApprovalRecord } from '../../catalog/approvals.ts'
import type { Json } from '../../catalog/catalog.ts'
import type { ActionContext } from '../action.ts'
import { systemCaller } from '../caller.ts'
import type { Ground } from '../ground.ts'

type Means = Pick<Ground, 'background' | 'facts'> & Pick<ActionContext, 'caller'>

/** Ends an open request by itself; of several processes one does, and says so. */
export async function endRequest(
  context: Means,
  request: ApprovalRecord,
  end: Omit<ApprovalEnd, 'at'> & { status: 'expired' | 'void' },
): Promise<boolean> {
  const { catalog } = await context.background()
  if (!(await catalog.approvals.end(request.id, { ...end, at: new Date().toISOString() }))) return false
  const reason = end.reason ?? null
  request.ended_reason = reason
  const action = end.status === 'expired' ? 'approvals.expire' : 'approvals.void'
  await publishRequest(context, request, action, reason === null ? {} : { reason })
  return true
}

/** Ends all requests whose time is over; no caller has to ask for it. */
export async function endExpired(ground: Ground): Promise<void> {
  const { catalog } = await ground.background()
  for (const request of await catalog.approvals.list({ expiredAt: new Date().toISOString() }))
    await endRequest({ ...ground, caller: systemCaller() }, request, { status: 'expired', by: 'scheduler' })
}

/** What became of a request, as a fact: audit, notifications and hosts hear of it. */
export async function publishRequest(
  { facts, caller }: Pick<Means, 'facts' | 'caller'>,
  request: ApprovalRecord,
  action: 'approvals.request' | 'approvals.expire' | 'approvals.void',
  more: Json = {},
): Promise<void> {
  await facts.publish({
    ...{ type: 'finished', at: new Date().toISOString(), action, subject: request.id, outcome: 'succeeded' },
    ...{ actor: caller.actor.id, face: caller.face, address: caller.address, task_id: null, error: null },
    facts: { ...factsOfRequest(request), ...more },
  })
}

export function factsOfRequest({ action, subject, requested_by, expires_at, plan_hash, asked }: ApprovalRecord): Json {
  const label = (asked.parameters as Json | undefined)?.label ?? (asked.parameters as Json | undefined)?.database
  return {
    ...{ action, about: subject, requested_by, expires_at, plan_hash },
    ...(typeof label === 'string' ? { label } : {}),
  }
}
