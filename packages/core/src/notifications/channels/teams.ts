import { call, type Sending } from '../call.ts'
import { bytesOf, fitLines, fitText } from '../fit.ts'
import { messageOf } from '../message.ts'
import type { ChannelOf, NotificationEvent } from '../options.ts'

const colour = { failure: 'attention', warning: 'warning', good: 'good', information: 'default' } as const

/** Of its Markdown nothing is meant: names are shown as they are. */
const plain = (text: string): string => text.replace(/[\\`*_[\]()<>#|~]/g, '\\$&')

/** An adaptive card; a message takes 28 kB. */
export function teamsBody(event: NotificationEvent): string {
  const { title, lines } = messageOf(event)
  const block = (text: string, look: object) => ({ type: 'TextBlock', wrap: true, text, ...look })
  const card = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    ...{ type: 'AdaptiveCard', version: '1.4' },
    body: [
      block(fitText(plain(title), 500), { weight: 'bolder', size: 'medium', color: colour[event.severity] }),
      block(fitLines(lines.map(plain), 8000, bytesOf).replaceAll('\n', '\n\n'), {}),
    ],
  }
  return JSON.stringify({
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: card }],
  })
}

export async function sendTeams(
  { url }: ChannelOf<'teams'>,
  event: NotificationEvent,
  sending: Sending,
): Promise<void> {
  await call({ url, body: teamsBody(event), headers: { 'content-type': 'application/json' } }, sending)
}
