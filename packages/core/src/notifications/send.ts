import { createHash } from 'node:crypto'
import { isEngineError, wireCode } from '../errors.ts'
import { DeliveryError, type Sending } from './call.ts'
import type { Channel, NotificationEvent } from './options.ts'

/** One attempt at one channel. Each kind is loaded when it is first used. Throws {@link DeliveryError}. */
export async function sendTo(channel: Channel, event: NotificationEvent, sending: Sending): Promise<void> {
  try {
    await attempt(channel, event, sending)
  } catch (error) {
    if (error instanceof DeliveryError) throw error
    // Of a host's own function nothing is known but that it threw.
    throw new DeliveryError(isEngineError(error) ? wireCode(error.code) : 'custom_threw', { cause: error })
  }
}

async function attempt(channel: Channel, event: NotificationEvent, sending: Sending): Promise<void> {
  switch (channel.kind) {
    case 'webhook':
      return (await import('./channels/webhook.ts')).sendWebhook(channel, event, sending)
    case 'heartbeat':
      return (await import('./channels/heartbeat.ts')).sendHeartbeat(channel, event, sending)
    case 'slack':
      return (await import('./channels/slack.ts')).sendSlack(channel, event, sending)
    case 'teams':
      return (await import('./channels/teams.ts')).sendTeams(channel, event, sending)
    case 'discord':
      return (await import('./channels/discord.ts')).sendDiscord(channel, event, sending)
    case 'ntfy':
      return (await import('./channels/ntfy.ts')).sendNtfy(channel, event, sending)
    case 'email':
      return (await import('./channels/email.ts')).sendEmail(channel, event, sending)
    case 'custom':
      return within(channel.send(event, { signal: sending.signal }))
  }
}

/** A function that never ends must not keep its channel. */
async function within(sent: void | Promise<void>): Promise<void> {
  const limit = AbortSignal.timeout(30_000)
  await Promise.race([
    sent,
    new Promise<never>((_, reject) => {
      limit.addEventListener('abort', () => reject(new DeliveryError('timeout')), { once: true })
    }),
  ])
}

/** The exact message of a channel, for a preview and for the record of what was sent. */
export async function bodyFor(channel: Channel, event: NotificationEvent): Promise<string> {
  switch (channel.kind) {
    case 'webhook':
      return (await import('./channels/webhook.ts')).webhookBody(event)
    case 'heartbeat':
      return (await import('./channels/heartbeat.ts')).heartbeatBody(event)
    case 'slack':
      return (await import('./channels/slack.ts')).slackBody(event)
    case 'teams':
      return (await import('./channels/teams.ts')).teamsBody(event)
    case 'discord':
      return (await import('./channels/discord.ts')).discordBody(event)
    case 'ntfy':
      return (await import('./channels/ntfy.ts')).ntfyBody(event, 'topic')
    case 'email': {
      const { subject, text } = (await import('./channels/email.ts')).mailOf(event)
      return `Subject: ${subject}\n\n${text}`
    }
    case 'custom':
      return JSON.stringify(event)
  }
}

export const digestOfBody = (body: string): string => createHash('sha256').update(body).digest('hex')
