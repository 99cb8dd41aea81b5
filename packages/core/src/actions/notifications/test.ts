import { z } from 'zod'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'
import { deliveryRow } from './delivery-row.ts'
import { channelReference, deliverySchema, findChannel, refuseHeartbeat } from './find-channel.ts'

export const testChannel = action({
  name: 'notifications.test',
  summary: 'Sends a test message to a channel, and says whether it was taken.',
  permission: 'config:write',
  kind: 'change',
  danger: null,
  subject: 'channel',
  input: z.strictObject({ channel: channelReference }),
  result: deliverySchema,
  http: { method: 'POST', path: 'notifications/:channel/test' },
  command: { name: 'notify test', examples: ['lifeboat notify test ops'] },
  page: 'repository',
  async run(context, { channel: name }) {
    context.about = name
    const channel = findChannel(context, name)
    refuseHeartbeat(channel)
    const { notifier } = await context.background()
    if (!notifier) throw new EngineError('CHANNEL_NOT_FOUND', `There is no channel "${name}".`)
    return deliveryRow(await notifier.test(channel, context.caller.actor.id))
  },
  facts: ({ result }) => (result ? { status: result.status, last_error: result.last_error } : {}),
})
