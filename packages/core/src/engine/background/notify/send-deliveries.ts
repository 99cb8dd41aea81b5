import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Catalog, DeliveryRecord } from '../../../catalog/catalog.ts'
import { EngineError } from '../../../errors.ts'
import type { Clock } from '../../../jobs/clock.ts'
import { DeliveryError } from '../../../notifications/call.ts'
import { digestOf } from '../../../notifications/message.ts'
import {
  type Channel,
  type NotificationEvent,
  type NotificationOptions,
  storedEvent,
} from '../../../notifications/options.ts'
import { eventId } from '../../../notifications/recorded-fact.ts'
import { nextAttempt } from '../../../notifications/retry.ts'
import { channelEvent } from '../../../notifications/rules.ts'
import { bodyFor, digestOfBody, sendTo } from '../../../notifications/send.ts'

interface SenderParts {
  catalog: Pick<Catalog, 'notifications'>
  options: NotificationOptions
  clock: Clock
  signal: AbortSignal
  raise(events: readonly NotificationEvent[]): Promise<void>
}

/** A process that claimed a message and is silent for so long has died: others send it, with the same id. */
const claimMs = 120_000
const dueAtOnce = 200
/** How long an answer about one message is waited for. */
const patienceMs = 15_000
/** After so many attempts that failed the others are told; at once where the receiver refuses. */
const patience = 3

/** Sends what is due: channels do not wait for each other, and the messages of one go one after the other. */
export function createSender({ catalog, options, clock, signal, raise }: SenderParts) {
  const { notifications } = catalog
  const channels = new Map(options.channels.map((channel) => [channel.name, channel]))
  const busy = new Map<string, Promise<void>>()
  const now = () => new Date(clock.now())
  const sending = { signal, privateAddresses: options.privateAddresses }

  async function send(): Promise<void> {
    const due = await notifications.due(now().toISOString(), dueAtOnce)
    for (const name of new Set(due.map(({ channel }) => channel))) {
      // One that is being called now has its turn at the next look.
      if (busy.has(name)) continue
      const work = sendAll(
        name,
        due.filter(({ channel }) => channel === name),
      )
        .catch((error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)))
        .finally(() => busy.delete(name))
      busy.set(name, work)
    }
  }

  async function sendAll(name: string, deliveries: readonly DeliveryRecord[]): Promise<void> {
    const channel = channels.get(name)
    if (!channel) {
      for (const one of deliveries) await end(one, 'channel_removed')
      return
    }
    const readable = deliveries.filter(({ event }) => storedEvent(event) !== null)
    for (const one of deliveries) if (!readable.includes(one)) await end(one, 'unreadable')
    for (const group of groupsOf(channel, readable)) {
      if (signal.aborted) return
      const claimed: DeliveryRecord[] = []
      for (const one of group) if (await claim(one)) claimed.push(one)
      if (claimed.length > 0) await attempt(channel, claimed)
    }
  }

  const claim = ({ id, attempts }: DeliveryRecord): Promise<boolean> => {
    const at = now()
    return notifications.claim(id, {
      ...{ attempts, now: at.toISOString() },
      until: new Date(at.getTime() + claimMs).toISOString(),
    })
  }

  /** Gives up without calling anybody. */
  async function end(delivery: DeliveryRecord, reason: string): Promise<void> {
    if (await claim(delivery)) await settle([delivery], { status: 'given_up', last_error: reason })
  }

  async function settle(
    group: readonly DeliveryRecord[],
    outcome: Partial<Pick<DeliveryRecord, 'status' | 'next_at' | 'last_error' | 'body_sha256'>>,
  ): Promise<void> {
    const at = now().toISOString()
    const end = { status: 'sent' as const, next_at: at, last_error: null, body_sha256: null, ...outcome }
    for (const { id, attempts } of group)
      await notifications.settle(id, attempts + 1, { ...end, ended_at: end.status === 'queued' ? null : at })
  }

  async function attempt(channel: Channel, group: readonly DeliveryRecord[]): Promise<void> {
    const event = digestOf(group.map(eventIn))
    if (channel.kind === 'heartbeat' && (await isSuperseded(channel.name, event)))
      return settle(group, { status: 'given_up', last_error: 'superseded' })
    try {
      await sendTo(channel, event, sending)
      await settle(group, { body_sha256: digestOfBody(await bodyFor(channel, event)) })
      await recovered(channel)
    } catch (error) {
      const failure = error instanceof DeliveryError ? error : new DeliveryError('internal', { cause: error })
      await failed(channel, group, failure)
    }
  }

  async function failed(channel: Channel, group: readonly DeliveryRecord[], failure: DeliveryError): Promise<void> {
    const { code, gone, retryAfterMs } = failure
    const attempts = Math.max(...group.map((one) => one.attempts)) + 1
    const share = randomInt(1000) / 1000
    const next = gone ? null : nextAttempt(attempts, { now: now(), share, retryAfterMs })
    await settle(group, {
      ...(next ? { status: 'queued', next_at: next.toISOString() } : { status: 'given_up' }),
      last_error: code,
    })
    if (signal.aborted) return
    if (attempts >= patience || next === null || /^http_4(?!08|25|29)/.test(code)) await tell(channel.name, code)
  }

  /** The same id in every process that finds it out: since the last message that went through. */
  async function tell(channel: string, code: string): Promise<void> {
    const key = `channel:${channel}`
    if ((await notifications.conditions()).some((one) => one.key === key)) return
    const [last] = await notifications.list({ channel, status: 'sent' }, { limit: 1 })
    const id = eventId(`channel.failing ${channel} ${last?.id ?? ''}`)
    await raise([channelEvent('channel.failing', channel, { id, at: now().toISOString(), code })])
  }

  async function recovered({ name }: Channel): Promise<void> {
    const condition = (await notifications.conditions()).find(({ key }) => key === `channel:${name}`)
    if (!condition) return
    const id = eventId(`channel.recovered ${name} ${condition.since}`)
    await raise([channelEvent('channel.recovered', name, { id, at: now().toISOString(), code: null })])
  }

  /** An older ping must not speak after a newer one. */
  async function isSuperseded(channel: string, { at, database }: NotificationEvent): Promise<boolean> {
    const sent = await notifications.list({ channel }, { limit: 50 })
    return sent.some((one) => {
      const other = storedEvent(one.event)
      return other !== null && other.at > at && other.database === database && one.status !== 'given_up'
    })
  }

  return {
    send,
    /** Resolves when nothing is being sent. */
    idle: async (): Promise<void> => {
      while (busy.size > 0) await Promise.all(busy.values())
    },
    async sendNow(id: string): Promise<DeliveryRecord> {
      const delivery = await notifications.get(id)
      if (!delivery) throw new EngineError('DELIVERY_NOT_FOUND', `There is no delivery "${id}".`)
      const channel = channels.get(delivery.channel)
      if (!channel) throw new EngineError('CHANNEL_NOT_FOUND', `There is no channel "${delivery.channel}".`)
      if (storedEvent(delivery.event) && (await claim(delivery))) await attempt(channel, [delivery])
      // Another look, here or in another process, may have been first: its outcome is the answer.
      for (let waited = 0; waited < patienceMs; waited += 250) {
        const found = (await notifications.get(id)) ?? delivery
        if (found.status !== 'queued' || found.last_error !== null) return found
        await delay(250)
      }
      return (await notifications.get(id)) ?? delivery
    },
  }
}

/** Deliveries whose event cannot be read were given up before. */
const eventIn = ({ event }: DeliveryRecord): NotificationEvent => storedEvent(event) as NotificationEvent

/** People get what is due at the same time as one message; machines get each by itself. */
function groupsOf({ kind }: Channel, deliveries: readonly DeliveryRecord[]): (readonly DeliveryRecord[])[] {
  const isMachine = kind === 'webhook' || kind === 'heartbeat' || kind === 'custom'
  return isMachine ? deliveries.map((one) => [one]) : [deliveries]
}
