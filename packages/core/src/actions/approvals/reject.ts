import { z } from 'zod'
import { approvalSchema } from '../../catalog/records.ts'
import { EngineError } from '../../errors.ts'
import { isApprover, personOf } from '../../policy/approvals/people.ts'
import { action } from '../action.ts'
import { factsOfShown } from './approve.ts'
import {
  actionOfRequest,
  findRequest,
  requestReference,
  requireOpen,
  type ShownRequest,
  shownRequest,
} from './find-request.ts'
import { judgeRequest } from './gate.ts'

export const rejectRequest = action({
  name: 'approvals.reject',
  summary: 'Rejects a request for approval: it is over, even where some have approved it, and an emergency stops too.',
  permission: 'approvals:vote',
  kind: 'change',
  subject: 'request',
  input: z.strictObject({
    request: requestReference,
    reason: z.string().min(1).max(1000).describe('For the one who asked, and the audit log.'),
  }),
  result: approvalSchema,
  http: { method: 'POST', path: 'approvals/:id/reject' },
  command: { name: 'reject', examples: ['lifeboat reject a3fk2 --reason "not before the sale ends"'] },
  page: 'approvals',
  async run(context, { request: reference, reason }): Promise<ShownRequest> {
    const request = await findRequest(context, reference)
    context.about = request.id
    const { verdict, policy, people } = await judgeRequest(context, request, await actionOfRequest(request))
    requireOpen({ id: request.id, state: verdict.state })
    const { id: by } = context.caller.actor
    const person = personOf(people, by)
    if (!person || !policy || !isApprover(policy, person))
      throw new EngineError('APPROVAL_NOT_YOURS', `"${by}" is not one of the people who can approve this.`)
    const { catalog } = await context.background()
    const end = { status: 'rejected' as const, at: new Date().toISOString(), by: person.id, reason }
    if (!(await catalog.approvals.end(request.id, end)))
      throw new EngineError('APPROVAL_CLOSED', `The request ${request.id} is over.`)
    return shownRequest(context, await findRequest(context, request.id))
  },
  facts: ({ input: { request, reason }, result }) => ({
    ...{ request: result?.id ?? request, reason },
    ...(result ? factsOfShown(result) : {}),
  }),
})
