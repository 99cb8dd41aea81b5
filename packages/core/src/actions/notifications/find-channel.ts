import { z } from 'zod'
import { EngineError } from '../../errors.ts'
import type { Channel } from '../../notifications/options.ts'
import type { ActionContext } from '../action.ts'

export const channelReference = z.string().min(1).max(63).describe('Name of the channel.')

/** `CHANNEL_NOT_FOUND`. */
export function findChannel({ parts }: Pick<ActionContext, 'parts'>, name: string): Channel {
  const found = parts.settings.notifications.channels.find((channel) => channel.name === name)
  if (!found) throw new EngineError('CHANNEL_NOT_FOUND', `There is no channel "${name}".`)
  return found
}

/** A ping is evidence that a backup succeeded; nothing else sends one. */
export function refuseHeartbeat({ kind, name }: Channel): void {
  if (kind === 'heartbeat')
    throw new EngineError('INVALID', `"${name}" is a heartbeat: a ping would say that a backup had succeeded.`)
}

export const deliverySchema = z
  .object({
    id: z.string(),
    channel: z.string(),
    type: z.string(),
    title: z.string(),
    status: z.enum(['queued', 'sent', 'given_up']),
    attempts: z.int(),
    created_at: z.string(),
    next_at: z.string().nullable().describe('When it is tried next; null where it has ended.'),
    ended_at: z.string().nullable(),
    last_error: z.string().nullable(),
    body_sha256: z.string().nullable().describe('Of what was sent.'),
  })
  .meta({ id: 'delivery' })
