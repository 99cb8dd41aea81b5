import { createHash } from 'node:crypto'
import { call, type Sending } from '../call.ts'
import { bytesOf, fitLines } from '../fit.ts'
import { messageOf } from '../message.ts'
import type { ChannelOf, NotificationEvent } from '../options.ts'
import { pingOf } from '../rules.ts'

/** Services keep the first 100 kB. */
const mostBytes = 10_000

export function heartbeatBody(event: NotificationEvent): string {
  const { title, lines } = messageOf(event)
  return fitLines([title, ...lines], mostBytes, bytesOf)
}

/** Start and end of one task are paired by an id of the task. */
export function heartbeatUrl(base: string, ping: 'start' | 'success' | 'fail', event: NotificationEvent): string {
  const url = new URL(base)
  if (ping !== 'success') url.pathname = `${url.pathname.replace(/\/$/, '')}/${ping}`
  const { task } = event.facts
  if (typeof task === 'string') url.searchParams.set('rid', uuidOf(task))
  return url.href
}

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

export async function sendHeartbeat(
  channel: ChannelOf<'heartbeat'>,
  event: NotificationEvent,
  sending: Sending,
): Promise<void> {
  const ping = pingOf(channel, event)
  if (ping === null) return
  await call({ url: heartbeatUrl(channel.url, ping, event), body: heartbeatBody(event) }, sending)
}
