import { z } from 'zod'
import { approvalSchema } from '../../catalog/records.ts'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'
import { factsOfShown } from './approve.ts'
import { findRequest, requestReference, requireOpen, type ShownRequest, shownRequest } from './find-request.ts'

export const cancelRequest = action({
  name: 'approvals.cancel',
  summary: 'Withdraws a request of your own, or stops an emergency of anybody while it waits.',
  permission: 'approvals:read',
  kind: 'change',
  subject: 'request',
  input: z.strictObject({ request: requestReference }),
  result: approvalSchema,
  http: { method: 'POST', path: 'approvals/:id/cancel' },
  command: { name: 'withdraw', examples: ['lifeboat withdraw a3fk2'] },
  page: 'approvals',
  async run(context, { request: reference }): Promise<ShownRequest> {
    const request = await findRequest(context, reference)
    context.about = request.id
    const shown = await shownRequest(context, request)
    requireOpen(shown)
    const { id: by } = context.caller.actor
    if (by !== request.requested_by && !request.glass)
      throw new EngineError('APPROVAL_NOT_YOURS', `"${request.requested_by}" asked for this, not "${by}".`, {
        advice: 'Who can approve it can reject it.',
      })
    const { catalog } = await context.background()
    if (!(await catalog.approvals.end(request.id, { status: 'cancelled', at: new Date().toISOString(), by })))
      throw new EngineError('APPROVAL_CLOSED', `The request ${request.id} is over.`)
    return shownRequest(context, await findRequest(context, request.id))
  },
  facts: ({ input: { request }, result }) => ({
    request: result?.id ?? request,
    ...(result ? { ...factsOfShown(result), glass: result.glass !== null } : {}),
  }),
})
