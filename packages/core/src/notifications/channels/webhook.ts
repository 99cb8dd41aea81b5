import { call, type Sending } from '../call.ts'
import { bytesOf, fitLines, fitText } from '../fit.ts'
import type { ChannelOf, NotificationEvent } from '../options.ts'
import { signatureHeaders } from '../sign.ts'

/** Standard Webhooks asks for less than 20 kB. */
export const mostBytes = 19_000

export function webhookBody(event: NotificationEvent): string {
  const { type, at: timestamp, title, lines, facts, ...rest } = event
  const data = { ...rest, title: fitText(title, 500), lines, facts }
  const isLong = lines.reduce((sum, { length }) => sum + length, 0) > mostBytes
  const whole = isLong ? null : JSON.stringify({ type, timestamp, data })
  if (whole !== null && bytesOf(whole) <= mostBytes) return whole
  // JSON may take six bytes where the text takes one.
  const fitted = (most: number) =>
    JSON.stringify({ type, timestamp, data: { ...data, lines: fitLines(lines, most, bytesOf).split('\n'), facts: {} } })
  for (const most of [8000, 4000, 1500]) {
    const body = fitted(most)
    if (bytesOf(body) <= mostBytes) return body
  }
  return JSON.stringify({
    type,
    timestamp,
    data: { ...rest, subject: null, title: fitText(title, 200), lines: [], facts: {} },
  })
}

export async function sendWebhook(
  { url, secret, previousSecret }: ChannelOf<'webhook'>,
  event: NotificationEvent,
  sending: Sending,
): Promise<void> {
  const body = webhookBody(event)
  const secrets = previousSecret === undefined ? [secret] : [secret, previousSecret]
  const headers = signatureHeaders({ id: event.id, body, at: new Date() }, secrets)
  await call({ url, body, headers: { 'content-type': 'application/json', ...headers } }, sending)
}
