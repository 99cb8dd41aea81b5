import { z } from 'zod'
import { approvalSchema } from '../../catalog/records.ts'
import { EngineError } from '../../errors.ts'
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
import { glassDelay } from './policy-of.ts'

export const breakGlass = action({
  name: 'approvals.breakGlass',
  summary:
    'Goes ahead with a request of your own in an emergency without approval: everybody is notified, and it waits first.',
  permission: 'approvals:break-glass',
  kind: 'change',
  subject: 'request',
  input: z.strictObject({
    request: requestReference,
    reason: z.string().trim().min(10).max(1000).describe('Why it cannot wait, in at least 10 characters.'),
  }),
  result: approvalSchema,
  http: { method: 'POST', path: 'approvals/:id/break-glass' },
  command: {
    name: 'break-glass',
    examples: ['lifeboat break-glass a3fk2 --reason "the shop is down, no one answers"'],
  },
  page: 'approvals',
  async run(context, { request: reference, reason }): Promise<ShownRequest> {
    const request = await findRequest(context, reference)
    context.about = request.id
    const { verdict, policy } = await judgeRequest(context, request, await actionOfRequest(request))
    requireOpen({ id: request.id, state: verdict.state })
    const { id: by } = context.caller.actor
    if (by !== request.requested_by)
      throw new EngineError('APPROVAL_NOT_YOURS', `"${request.requested_by}" asked for this, not "${by}".`)
    if (request.asked.irreversible !== false)
      throw new EngineError('BREAK_GLASS_REFUSED', `${request.action} can never be undone.`)
    const delay = policy ? glassDelay(context.parts.settings, policy) : null
    if (delay === null) throw new EngineError('BREAK_GLASS_REFUSED', 'The policy has no way around an approval.')
    const now = Date.now()
    const usable = now + delay * 60_000
    const { catalog } = await context.background()
    const glass = { by, at: new Date(now).toISOString(), reason, usable_from: new Date(usable).toISOString() }
    // It is good for as long as any other request, from the moment in which it can be used.
    const expires = new Date(usable + (policy?.validHours ?? 0) * 3_600_000).toISOString()
    if (!(await catalog.approvals.breakGlass(request.id, glass, expires)))
      throw new EngineError('APPROVAL_CLOSED', `The request ${request.id} is over, or waits already.`)
    return shownRequest(context, await findRequest(context, request.id))
  },
  facts: ({ input: { request, reason }, result }) => ({
    ...{ request: result?.id ?? request, reason, break_glass: true },
    ...(result ? { ...factsOfShown(result), usable_from: result.glass?.usable_from ?? null } : {}),
  }),
})
