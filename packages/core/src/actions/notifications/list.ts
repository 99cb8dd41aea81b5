import { z } from 'zod'
import type { Channel } from '../../notifications/options.ts'
import { action } from '../action.ts'
import { deliveryRow } from './delivery-row.ts'
import { deliverySchema } from './find-channel.ts'

const channelSchema = z
  .object({
    name: z.string(),
    kind: z.string(),
    target: z.string().describe('The server, or the addresses of a mail; never a token or a whole URL.'),
    state: z.enum(['unproven', 'working', 'failing']).describe('unproven: nothing was ever delivered.'),
    queued: z.int().describe('Messages that wait.'),
    last_delivery: deliverySchema.nullable(),
  })
  .meta({ id: 'channel' })

type ListedChannel = z.output<typeof channelSchema>

export const listChannels = action({
  name: 'notifications.list',
  summary: 'Lists the channels of notifications with what was delivered last.',
  permission: 'config:read',
  kind: 'read',
  input: z.strictObject({}),
  result: z.array(channelSchema),
  http: {
    method: 'GET',
    path: 'notifications',
    answer: z.object({ results: z.array(channelSchema) }),
    present: (results: ListedChannel[]) => ({ results }),
  },
  command: { name: 'notify list', examples: ['lifeboat notify list', 'lifeboat notify list --json'] },
  page: 'repository',
  async run(context): Promise<ListedChannel[]> {
    const { notifications } = (await context.background()).catalog
    const failing = new Set((await notifications.conditions()).map(({ key }) => key))
    return Promise.all(
      context.parts.settings.notifications.channels.map(async (channel) => {
        const { name, kind } = channel
        const [last] = await notifications.list({ channel: name }, { limit: 1 })
        const sent = await notifications.count({ channel: name, status: 'sent' })
        return {
          ...{ name, kind, target: targetOf(channel) },
          state: failing.has(`channel:${name}`) ? 'failing' : sent > 0 ? 'working' : 'unproven',
          queued: await notifications.count({ channel: name, status: 'queued' }),
          last_delivery: last ? deliveryRow(last) : null,
        } satisfies ListedChannel
      }),
    )
  },
})

/** The path of a URL is a secret with most services. */
function targetOf(channel: Channel): string {
  if (channel.kind === 'custom') return 'a function of the host'
  if (channel.kind === 'email') return channel.to.join(', ')
  return new URL(channel.url).host
}
