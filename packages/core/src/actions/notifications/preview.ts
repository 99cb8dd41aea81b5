import { z } from 'zod'
import { action } from '../action.ts'
import { channelReference, findChannel } from './find-channel.ts'

export const previewNotification = action({
  name: 'notifications.preview',
  summary: 'Shows the exact message of a channel: the last one, or what a failed backup would say.',
  permission: 'config:read',
  kind: 'read',
  subject: 'channel',
  input: z.strictObject({ channel: channelReference }),
  result: z.object({ channel: z.string(), type: z.string(), body: z.string() }),
  http: { method: 'GET', path: 'notifications/:channel/preview' },
  command: { name: 'notify preview', examples: ['lifeboat notify preview ops'] },
  page: 'repository',
  async run(context, { channel: name }) {
    const channel = findChannel(context, name)
    const { notifications } = (await context.background()).catalog
    const [last] = await notifications.list({ channel: name }, { limit: 1 })
    const [{ eventsOfFact }, { bodyFor }, { storedEvent }] = await Promise.all([
      import('../../notifications/event-of-fact.ts'),
      import('../../notifications/send.ts'),
      import('../../notifications/options.ts'),
    ])
    const event = (last && storedEvent(last.event)) ?? eventsOfFact(example)[0]
    if (!event) return { channel: name, type: '', body: '' }
    return { channel: name, type: event.type, body: await bodyFor(channel, event) }
  },
})

const example = {
  ...{ seq: 1, hash: 'example', at: '2026-01-01T02:00:00.000Z', actor: 'scheduler', subject: null },
  ...{ action: 'backups.create', outcome: 'failed' as const },
  detail: { label: 'default', number: 12, error: { code: 'storage_full', detail: '' } },
}
