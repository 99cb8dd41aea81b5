import { randomBytes } from 'node:crypto'
import type { Catalog, Json, NotificationStep } from '../../../catalog/catalog.ts'
import type { Clock } from '../../../jobs/clock.ts'
import { eventsOfFact } from '../../../notifications/event-of-fact.ts'
import {
  type Channel,
  type NotificationEvent,
  type NotificationOptions,
  storedEvent,
} from '../../../notifications/options.ts'
import { eventId } from '../../../notifications/recorded-fact.ts'
import { type Condition, judgeEvents, remindersDue } from '../../../notifications/rules.ts'

const pageSize = 200
/** Attempts while other processes move the position first. */
const attempts = 50

export interface Follower {
  /** Turns every fact that was recorded since into messages: each fact once, whatever the number of processes. */
  follow(): Promise<void>
  /** Adds events that are no facts. One whose condition lasts already under the same id is left out. */
  raise(events: readonly NotificationEvent[]): Promise<void>
  /** Adds reminders of what lasts. */
  remind(): Promise<void>
  /** Queues a message about nothing for one channel; gives the id of the delivery. */
  queueTest(channel: Channel, by: { by: string; worker: string }): Promise<string>
}

export async function createFollower(
  { audit, notifications }: Pick<Catalog, 'audit' | 'notifications'>,
  { options, clock }: { options: NotificationOptions; clock: Clock },
): Promise<Follower> {
  // What was recorded before notifications were configured is not sent.
  const head = (await audit.list({ limit: 1 }))[0]?.seq ?? 0
  await notifications.position(head)
  const now = () => new Date(clock.now())

  async function step(
    from: number,
    to: number,
    events: readonly NotificationEvent[],
    conditions: readonly Condition[],
  ): Promise<boolean> {
    const judged = judgeEvents(events, options, { conditions, now: now() })
    const recorded: NotificationStep = {
      position: { from, to },
      at: now().toISOString(),
      events: judged.events.map((event) => ({ id: event.id, at: event.at, type: event.type, body: { ...event } })),
      deliveries: judged.deliveries,
      conditions: judged.conditions.map((one) => ({ ...one, event: { ...one.event } as Json })),
      ended: judged.ended,
    }
    return notifications.record(recorded)
  }

  const lasting = async (): Promise<Condition[]> =>
    (await notifications.conditions()).flatMap((one) => {
      const event = storedEvent(one.event)
      return event ? [{ ...one, event }] : []
    })

  async function raise(events: readonly NotificationEvent[]): Promise<void> {
    if (events.length === 0) return
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const position = await notifications.position(head)
      const conditions = await lasting()
      const fresh = events.filter(
        ({ id, condition }) =>
          condition === null || !conditions.some((one) => one.key === condition && one.event.id === id),
      )
      if (fresh.length === 0 || (await step(position, position, fresh, conditions))) return
    }
  }

  return {
    raise,
    async follow() {
      for (;;) {
        const position = await notifications.position(head)
        const facts = await audit.read(position, pageSize)
        const last = facts.at(-1)
        if (!last) return
        const events = facts.flatMap((fact) => eventsOfFact(fact, options))
        // Another process was first: it has told what we would have told.
        await step(position, last.seq, events, await lasting())
      }
    },
    remind: async () => raise(remindersDue(await lasting(), options, { now: now(), idOf: eventId })),
    async queueTest(channel, { by, worker }) {
      const at = now().toISOString()
      const event = testEvent(channel, { at, by, worker })
      const id = `${event.id}.${channel.name}`
      for (let attempt = 1; attempt <= attempts; attempt++) {
        const position = await notifications.position(head)
        const isQueued = await notifications.record({
          ...{ position: { from: position, to: position }, at, conditions: [], ended: [] },
          events: [{ id: event.id, at, type: event.type, body: { ...event } }],
          deliveries: [{ id, event_id: event.id, channel: channel.name, next_at: at }],
        })
        if (isQueued) break
      }
      return id
    },
  }
}

function testEvent(
  channel: Channel,
  { at, by, worker }: { at: string; by: string; worker: string },
): NotificationEvent {
  return {
    ...{ id: eventId(`test ${worker} ${randomBytes(16).toString('hex')}`), type: 'test.message', at },
    ...{ severity: 'information', database: null, subject: null, condition: null },
    title: `A test of the channel "${channel.name}"`,
    lines: [`Asked for by ${by}. Nothing happened.`],
    facts: {},
  }
}
