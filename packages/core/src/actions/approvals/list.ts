import { z } from 'zod'
import { approvalSchema } from '../../catalog/records.ts'
import { action } from '../action.ts'
import { shownRequest } from './find-request.ts'

export const listApprovals = action({
  name: 'approvals.list',
  summary: 'Lists requests for approval, newest first: what would be done, who asked, who has approved.',
  permission: 'approvals:read',
  kind: 'read',
  input: z.strictObject({
    open: z.boolean().default(false).describe('Only those that can still be approved, used or stopped.'),
    page: z.number().int().min(1).default(1).describe('Number of the page.'),
    pageSize: z.number().int().min(1).max(200).default(50).describe('Entries on a page.'),
  }),
  result: z.object({
    rows: z.array(approvalSchema),
    count: z.int(),
    required: z.boolean().describe('Whether any action needs approval here.'),
  }),
  http: {
    method: 'GET',
    path: 'approvals',
    list: { item: approvalSchema, extra: z.object({ required: z.boolean() }) },
  },
  command: { name: 'approvals', examples: ['lifeboat approvals', 'lifeboat approvals --all --json'] },
  page: 'approvals',
  async run(context, { open, page, pageSize }) {
    const required = context.parts.settings.approvals !== undefined
    const history = required ? await context.background() : await context.history()
    if (!history) return { rows: [], count: 0, required }
    const { approvals } = history.catalog
    if (open) {
      // Open requests are few: whether one is over depends on the time, and on who asks.
      const found = await approvals.list({ statuses: ['open'] })
      const shown = await Promise.all(found.map((request) => shownRequest(context, request)))
      const rows = shown.filter(({ state }) => state === 'pending' || state === 'waiting' || state === 'approved')
      return { rows: rows.slice((page - 1) * pageSize, page * pageSize), count: rows.length, required }
    }
    const found = await approvals.list({}, { limit: pageSize, offset: (page - 1) * pageSize })
    const rows = await Promise.all(found.map((request) => shownRequest(context, request)))
    return { rows, count: await approvals.count(), required }
  },
})
