import { z } from 'zod'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'
import { deliveryRow } from './delivery-row.ts'
import { deliverySchema, findChannel, refuseHeartbeat } from './find-channel.ts'

export const replayDelivery = action({
  name: 'notifications.replay',
  summary: 'Sends a message again, with the same id.',
  permission: 'config:write',
  kind: 'change',
  danger: null,
  subject: 'delivery',
  input: z.strictObject({ delivery: z.string().min(1).max(200).describe('Id of the delivery.') }),
  result: deliverySchema,
  http: { method: 'POST', path: 'deliveries/:delivery/retry' },
  command: { name: 'notify replay', examples: ['lifeboat notify replay msg_0f3a.ops'] },
  page: 'repository',
  async run(context, { delivery: id }) {
    context.about = id
    const { catalog, notifier } = await context.background()
    const found = await catalog.notifications.get(id)
    if (!found || !notifier) throw new EngineError('DELIVERY_NOT_FOUND', `There is no delivery "${id}".`)
    refuseHeartbeat(findChannel(context, found.channel))
    return deliveryRow(await notifier.replay(id))
  },
  facts: ({ result }) => (result ? { channel: result.channel, status: result.status } : {}),
})
