import { z } from 'zod'
import { approvalSchema } from '../../catalog/records.ts'
import { EngineError } from '../../errors.ts'
import { personOf } from '../../policy/approvals/people.ts'
import { action } from '../action.ts'
import { factsOfRequest } from './ended-request.ts'
import {
  actionOfRequest,
  findRequest,
  requestPlan,
  requestReference,
  requireOpen,
  type ShownRequest,
  shownRequest,
} from './find-request.ts'
import { judgeRequest } from './gate.ts'

export const approveRequest = action({
  name: 'approvals.approve',
  summary: 'Approves exactly the plan of a request. The one who asked then goes ahead with it, once.',
  permission: 'approvals:vote',
  kind: 'change',
  subject: 'request',
  input: z.strictObject({
    request: requestReference,
    comment: z.string().max(1000).optional().describe('For the one who asked, and the audit log.'),
  }),
  result: approvalSchema,
  http: { method: 'POST', path: 'approvals/:id/approve' },
  command: { name: 'approve', examples: ['lifeboat approve a3fk2', 'lifeboat approve a3fk2 --yes'] },
  page: 'approvals',
  confirm: 'people',
  plan: (context, { request }) => requestPlan(context, request),
  async run(context, { request: reference, comment = null }, plan): Promise<ShownRequest> {
    const request = await findRequest(context, plan?.subject ?? reference)
    context.about = request.id
    const { verdict, people, self } = await judgeRequest(context, request, await actionOfRequest(request))
    requireOpen({ id: request.id, state: verdict.state })
    const { id: actor } = context.caller.actor
    const person = personOf(people, actor)
    if (actor === request.requested_by || person?.id === self)
      throw new EngineError('APPROVAL_NOT_YOURS', `"${actor}" asked for this: another person must approve it.`)
    const isAble =
      person && (verdict.eligible.includes(person.id) || request.votes.some((vote) => vote.person === person.id))
    if (!person || !isAble)
      throw new EngineError('APPROVAL_NOT_YOURS', `"${actor}" is not one of the people who can approve this.`)
    const { catalog } = await context.background()
    const vote = { person: person.id, actor, at: new Date().toISOString(), comment }
    const done = await catalog.approvals.vote(request.id, vote)
    if (done === 'closed') throw new EngineError('APPROVAL_CLOSED', `The request ${request.id} is over.`)
    return shownRequest(context, await findRequest(context, request.id))
  },
  facts: ({ input: { request, comment = null }, plan, result }) => ({
    request: plan?.subject ?? request,
    comment,
    ...(result ? { ...factsOfShown(result), state: result.state, ...result.approvals } : {}),
  }),
})

/** The same words as of the request. */
export const factsOfShown = ({
  action: name,
  subject,
  requested_by,
  expires_at,
  plan_hash,
  parameters,
}: ShownRequest) =>
  factsOfRequest({ action: name, subject, requested_by, expires_at, plan_hash, asked: { parameters } } as never)
