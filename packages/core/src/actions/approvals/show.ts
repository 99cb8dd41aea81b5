import { z } from 'zod'
import { approvalSchema } from '../../catalog/records.ts'
import { action } from '../action.ts'
import { findRequest, requestReference, type ShownRequest, shownRequest } from './find-request.ts'

export const showApproval = action({
  name: 'approvals.show',
  summary: 'Shows one request for approval with the plan and what would be lost.',
  permission: 'approvals:read',
  kind: 'read',
  subject: 'request',
  input: z.strictObject({ request: requestReference }),
  result: approvalSchema,
  http: { method: 'GET', path: 'approvals/:id' },
  command: { name: 'show-approval', examples: ['lifeboat show-approval a3fk2'] },
  page: 'approvals',
  run: async (context, { request }): Promise<ShownRequest> =>
    shownRequest(context, await findRequest(context, request)),
})
