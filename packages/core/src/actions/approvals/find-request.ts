import { z } from 'zod'
import type { ApprovalRecord } from '../../catalog/approvals.ts'
import type { Json } from '../../catalog/catalog.ts'
import type { approvalSchema } from '../../catalog/records.ts'
import { EngineError } from '../../errors.ts'
import { personOf } from '../../policy/approvals/people.ts'
import type { ActionContext, ActionPlan, AnyAction } from '../action.ts'
import { actionPlan } from '../plan-hash.ts'
import { actions, isActionName } from '../registry.ts'
import { judgeRequest } from './gate.ts'

export const requestReference = z.string().min(1).max(100).describe('Id of the request, or its first characters.')

export type ShownRequest = z.output<typeof approvalSchema>

/** The request that a reference means. Throws `APPROVAL_NOT_FOUND`. */
export async function findRequest(context: ActionContext, reference: string): Promise<ApprovalRecord> {
  const { catalog } = await context.background()
  const exact = await catalog.approvals.get(reference)
  if (exact) return exact
  const found =
    reference.length < 4 ? [] : (await catalog.approvals.list()).filter(({ id }) => id.startsWith(reference))
  const [request] = found
  if (request && found.length === 1) return request
  throw new EngineError(
    'APPROVAL_NOT_FOUND',
    found.length > 1 ? `Several requests begin with "${reference}".` : `There is no request "${reference}".`,
  )
}

export async function actionOfRequest({ action }: ApprovalRecord): Promise<AnyAction> {
  // A request of a newer version, whose action is not known here.
  if (!isActionName(action)) throw new EngineError('APPROVAL_CLOSED', `This version has no action "${action}".`)
  return (await actions[action]()) as unknown as AnyAction
}

/** The request as the caller sees it. */
export async function shownRequest(context: ActionContext, request: ApprovalRecord): Promise<ShownRequest> {
  const { verdict, people, self } = await judgeRequest(context, request, await actionOfRequest(request))
  const { state, have, need, eligible } = verdict
  const person = personOf(people, context.caller.actor.id)
  const isSelf = context.caller.actor.id === request.requested_by || person?.id === self
  const why = isSelf
    ? 'You asked for this: another person must approve it.'
    : request.votes.some((vote) => vote.person === person?.id)
      ? 'You have approved it.'
      : !person || !eligible.includes(person.id)
        ? 'You are not one of the people who can approve this.'
        : null
  const isOpen = state === 'pending' || state === 'waiting' || state === 'approved'
  const asked = request.asked as unknown as Asked
  const { id, action, subject, plan_hash, requested_by, requested_at, expires_at, glass } = request
  return {
    ...{ id, state, action, subject, plan_hash, requested_by, requested_at, expires_at, glass },
    ...{ summary: asked.summary, parameters: asked.parameters, plan: asked.plan, loss: asked.loss, face: asked.face },
    ...{ requester_known: asked.requester_known, irreversible: asked.irreversible, replaces: asked.replaces },
    approvals: { have, need, eligible },
    votes: request.votes.map((vote) => ({ person: vote.person, at: vote.at, comment: vote.comment })),
    ...{ can_approve: isOpen && why === null, why_not: isOpen ? why : `It is ${state}.` },
    ...{ ended_at: request.ended_at, ended_by: request.ended_by, ended_reason: request.ended_reason },
  }
}

/** What the gate stores with a request. */
interface Asked {
  summary: string
  parameters: Json
  plan: Json | null
  loss: Json | null
  face: string
  requester_known: boolean
  irreversible: boolean
  replaces: string | null
}

/** What is confirmed when a request is approved: all that is approved, and nothing that changes while people read. */
export async function requestPlan(context: ActionContext, reference: string): Promise<ActionPlan> {
  const shown = await shownRequest(context, await findRequest(context, reference))
  const { id, action, parameters, plan, plan_hash, loss, requested_by, requester_known, requested_at, expires_at } =
    shown
  return actionPlan({
    subject: id,
    document: {
      ...{ request: id, action, subject: shown.subject, parameters, plan, plan_hash, loss },
      ...{ requested_by, requester_known, requested_at, expires_at, irreversible: shown.irreversible },
    },
  })
}

/** Throws `APPROVAL_CLOSED` where nothing can be done with it any more. */
export function requireOpen({ id, state }: Pick<ShownRequest, 'id' | 'state'>): void {
  if (state === 'pending' || state === 'waiting' || state === 'approved') return
  throw new EngineError('APPROVAL_CLOSED', `The request ${id} is ${state}.`)
}
