import { call, DeliveryError, type Sending } from '../call.ts'
import { fitLines, fitText } from '../fit.ts'
import { messageOf } from '../message.ts'
import type { ChannelOf, NotificationEvent } from '../options.ts'

const mark = { failure: '🔴', warning: '🟠', good: '🟢', information: '🔵' } as const

/** Slack reads these as markup, wherever they stand. */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** A header takes 150 characters, a section 3,000, and all blocks together less than 12,000. */
export function slackBody(event: NotificationEvent): string {
  const { title, lines } = messageOf(event)
  const headline = `${mark[event.severity]} ${title}`
  const text = fitLines(lines.map(escaped), 2900)
  return JSON.stringify({
    text: fitText(escaped(headline), 2900),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: fitText(headline, 150), emoji: true } },
      ...(text ? [{ type: 'section', text: { type: 'mrkdwn', text } }] : []),
    ],
  })
}

/** Where the service does not take the blocks, it takes the text: a message about a failure must not fail of its form. */
export async function sendSlack(
  { url }: ChannelOf<'slack'>,
  event: NotificationEvent,
  sending: Sending,
): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = slackBody(event)
  try {
    await call({ url, body, headers }, sending)
  } catch (error) {
    if (!(error instanceof DeliveryError) || !error.code.startsWith('http_400')) throw error
    const { text } = JSON.parse(body) as { text: string }
    await call({ url, body: JSON.stringify({ text }), headers }, sending)
  }
}
