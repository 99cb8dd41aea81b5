import { call, type Sending } from '../call.ts'
import { bytesOf, fitLines, fitText } from '../fit.ts'
import { messageOf } from '../message.ts'
import type { ChannelOf, NotificationEvent } from '../options.ts'

const priority = { failure: 5, warning: 4, good: 3, information: 2 } as const

/** A message takes 4,096 bytes; as JSON, so that a title may have any letters. The topic is the end of the URL. */
export function ntfyBody(event: NotificationEvent, topic: string): string {
  const { title, lines } = messageOf(event)
  return JSON.stringify({
    topic,
    title: fitText(title, 250, bytesOf),
    message: fitLines(lines, 3900, bytesOf),
    priority: priority[event.severity],
  })
}

export async function sendNtfy({ url, token }: ChannelOf<'ntfy'>, event: NotificationEvent, sending: Sending) {
  const server = new URL(url)
  const [, folder = '/', topic = ''] = /^(.*\/)([^/]*)\/?$/.exec(server.pathname) ?? []
  server.pathname = folder
  const headers = {
    'content-type': 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  await call({ url: server.href, body: ntfyBody(event, topic), headers }, sending)
}
