import { call, type Sending } from '../call.ts'
import { fitLines, fitText } from '../fit.ts'
import { messageOf } from '../message.ts'
import type { ChannelOf, NotificationEvent } from '../options.ts'

const colour = { failure: 0xd13438, warning: 0xf7a600, good: 0x2e8b57, information: 0x4a78c8 } as const

const plain = (text: string): string => text.replace(/[\\`*_[\]()<>#|~@]/g, '\\$&')

/** A title takes 256 characters, a description 4,096, an embed 6,000. Names ping no one. */
export function discordBody(event: NotificationEvent): string {
  const { title, lines } = messageOf(event)
  return JSON.stringify({
    embeds: [
      {
        title: fitText(plain(title), 256),
        description: fitLines(lines.map(plain), 4000),
        color: colour[event.severity],
      },
    ],
    allowed_mentions: { parse: [] },
  })
}

export async function sendDiscord(
  { url }: ChannelOf<'discord'>,
  event: NotificationEvent,
  sending: Sending,
): Promise<void> {
  await call({ url, body: discordBody(event), headers: { 'content-type': 'application/json' } }, sending)
}
