import { z } from 'zod'
import { action } from '../action.ts'
import { deliveryRow } from './delivery-row.ts'
import { deliverySchema } from './find-channel.ts'

export const listDeliveries = action({
  name: 'notifications.deliveries',
  summary: 'Lists what was sent to channels of notifications, and what waits, newest first.',
  permission: 'config:read',
  kind: 'read',
  input: z.strictObject({
    status: z.enum(['queued', 'sent', 'given_up']).optional().describe('Only these.'),
    channel: z.string().max(63).optional().describe('Only of this channel.'),
    page: z.number().int().min(1).default(1).describe('Number of the page.'),
    pageSize: z.number().int().min(1).max(500).default(50).describe('Entries on a page.'),
  }),
  result: z.object({ rows: z.array(deliverySchema), count: z.int() }),
  http: { method: 'GET', path: 'deliveries', list: { item: deliverySchema } },
  command: { name: 'notify deliveries', examples: ['lifeboat notify deliveries --status given_up'] },
  page: 'repository',
  async run(context, { status, channel, page, pageSize }) {
    const { notifications } = (await context.background()).catalog
    const filter = { ...(status === undefined ? {} : { status }), ...(channel === undefined ? {} : { channel }) }
    const found = await notifications.list(filter, { limit: pageSize, offset: (page - 1) * pageSize })
    return { rows: found.map(deliveryRow), count: await notifications.count(filter) }
  },
})
