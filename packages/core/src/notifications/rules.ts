import { adviceFor } from '../advice.ts'
import { type EventType, isLatched, isOnlyAnEnd, severityOf } from './events.ts'
import type { Channel, NotificationEvent, NotificationOptions } from './options.ts'
import { afterQuietHours } from './quiet-hours.ts'

/** Something bad that lasts, as it was told last. */
export interface Condition {
  key: string
  since: string
  count: number
  told_at: string
  event: NotificationEvent
}

export interface Queued {
  id: string
  event_id: string
  channel: string
  next_at: string
}

/** What events lead to: messages to channels, and conditions that begin, go on or end. */
export interface Judged {
  events: NotificationEvent[]
  deliveries: Queued[]
  conditions: Condition[]
  ended: string[]
}

type Rules = Pick<NotificationOptions, 'channels' | 'rules' | 'quietHours' | 'digestMinutes' | 'remindHours'>

/** Which event goes to which channel, and when. Pure: the same events and conditions give the same messages. */
export function judgeEvents(
  found: readonly NotificationEvent[],
  options: Rules,
  state: { conditions: readonly Condition[]; now: Date },
): Judged {
  const lasting = new Map(state.conditions.map((condition) => [condition.key, condition]))
  const changed = new Set<string>()
  const judged: Judged = { events: [], deliveries: [], conditions: [], ended: [] }
  for (const one of found) {
    const before = one.condition === null ? undefined : lasting.get(one.condition)
    const isEnd = before !== undefined && one.severity === 'good'
    const isSilent = before ? isLatched(one.type as EventType) : isOnlyAnEnd(one.type as EventType)
    if (isSilent && one.facts.reminder !== true) continue
    const event = isEnd ? recovered(one, before) : one
    judged.events.push(event)
    judged.deliveries.push(...deliveriesOf(event, isEnd ? before.event : null, options, state.now))
    if (one.condition === null) continue
    if (one.facts.reminder === true) {
      if (!before) continue
      lasting.set(one.condition, { ...before, told_at: state.now.toISOString() })
      changed.add(one.condition)
    } else if (one.severity === 'failure') {
      const since = before?.since ?? one.at
      const count = (before?.count ?? 0) + 1
      lasting.set(one.condition, { key: one.condition, since, count, told_at: state.now.toISOString(), event: one })
      changed.add(one.condition)
    } else if (isEnd) {
      lasting.delete(one.condition)
      changed.add(one.condition)
    }
  }
  for (const key of changed) {
    const condition = lasting.get(key)
    if (condition) judged.conditions.push(condition)
    else judged.ended.push(key)
  }
  return judged
}

/** Conditions that people were told of long ago are told again. The id holds for all processes that find it. */
export function remindersDue(
  conditions: readonly Condition[],
  { remindHours }: Pick<NotificationOptions, 'remindHours'>,
  { now, idOf }: { now: Date; idOf: (cause: string) => string },
): NotificationEvent[] {
  if (remindHours === 0) return []
  const limit = now.getTime() - remindHours * 3_600_000
  return conditions
    .filter(({ told_at }) => Date.parse(told_at) <= limit)
    .map(({ key, since, count, told_at, event }) => ({
      ...event,
      id: idOf(`reminder ${key} ${told_at}`),
      at: now.toISOString(),
      title: `Still: ${event.title}`,
      lines: [`Since ${since}, ${count} ${count === 1 ? 'time' : 'times'}.`, ...event.lines],
      facts: { ...event.facts, reminder: true, since },
    }))
}

function recovered(event: NotificationEvent, { since, count }: Condition): NotificationEvent {
  if (isOnlyAnEnd(event.type as EventType)) return { ...event, facts: { ...event.facts, recovered: true, since } }
  return {
    ...event,
    title: `${event.title}, again after ${count} ${count === 1 ? 'failure' : 'failures'}`,
    lines: [`It failed since ${since}.`, ...event.lines],
    facts: { ...event.facts, recovered: true, failures: count, since },
  }
}

function deliveriesOf(event: NotificationEvent, ends: NotificationEvent | null, options: Rules, now: Date): Queued[] {
  return options.channels
    .filter((channel) => isFor(channel, event, ends, options.rules))
    .map(({ name, kind }) => ({
      id: `${event.id}.${name}`,
      event_id: event.id,
      channel: name,
      next_at: whenFor(kind, event, options, now).toISOString(),
    }))
}

/** The channels of people and machines that are told of an event which no catalog can hold. */
export const channelsFor = (
  event: NotificationEvent,
  { channels, rules }: Pick<Rules, 'channels' | 'rules'>,
): Channel[] => channels.filter((channel) => channel.kind !== 'heartbeat' && isFor(channel, event, null, rules))

function isFor(
  channel: Channel,
  event: NotificationEvent,
  ends: NotificationEvent | null,
  rules: NotificationOptions['rules'],
): boolean {
  if (channel.kind === 'heartbeat') return pingOf(channel, event) !== null
  // The one that fails is not told of itself by itself.
  if (event.condition === `channel:${channel.name}`) return false
  // Whatever the rules: an emergency that goes ahead without approval is told everywhere.
  if (event.type === 'approval.broken_glass') return true
  if (!rules) return ends !== null || event.severity === 'failure' || event.severity === 'warning' || isForPeople(event)
  return rules.some(
    ({ on, to }) => to.includes(channel.name) && (matches(on, event.type) || (ends !== null && matches(on, ends.type))),
  )
}

/** A person waits for it, or has to do it. */
const isForPeople = (event: NotificationEvent): boolean => isOfApproval(event) || event.type === 'reminder.due'

/** A person waits for it, and not for long. */
const isOfApproval = ({ type }: Pick<NotificationEvent, 'type'>): boolean => type.startsWith('approval.')

/** Whether a failed backup, of whatever database, is told to the channel. Pure. */
export function tellsFailures(channel: Channel, rules: NotificationOptions['rules']): boolean {
  if (channel.kind === 'heartbeat') return channel.after === 'backup' && channel.fail && channel.database === undefined
  if (!rules) return true
  return rules.some(({ on, to }) => to.includes(channel.name) && matches(on, 'backup.failed'))
}

const matches = (patterns: readonly string[], type: string): boolean =>
  patterns.some((pattern) => pattern === '*' || pattern === type || pattern === `${type.split('.')[0]}.*`)

const followed: Readonly<Record<'backup' | 'verify' | 'drill', { success: EventType; fail: EventType }>> = {
  backup: { success: 'backup.completed', fail: 'backup.failed' },
  verify: { success: 'verify.passed', fail: 'verify.failed' },
  drill: { success: 'drill.passed', fail: 'drill.failed' },
}

/**
 * What a heartbeat is told by an event. Success comes from a fact that says `succeeded` alone: that a process ended, or
 * that nothing was heard of it, is none.
 */
export function pingOf(
  channel: Extract<Channel, { kind: 'heartbeat' }>,
  event: Pick<NotificationEvent, 'type' | 'database' | 'facts'>,
): 'start' | 'success' | 'fail' | null {
  if (channel.database !== undefined && channel.database !== event.database) return null
  if (event.facts.reminder === true) return null
  const { success, fail } = followed[channel.after]
  if (event.type === success) return 'success'
  if (event.type === fail || (channel.after === 'backup' && event.type === 'backup.missed'))
    return channel.fail ? 'fail' : null
  return channel.start && channel.after === 'backup' && event.type === 'backup.started' ? 'start' : null
}

/** Machines are told at once; people are told of failures at once, and of the rest when they are awake, collected. */
function whenFor(kind: Channel['kind'], event: NotificationEvent, options: Rules, now: Date): Date {
  const toMachine = kind === 'heartbeat' || kind === 'webhook' || kind === 'custom'
  if (toMachine || event.severity === 'failure' || event.type === 'test.message' || isOfApproval(event)) return now
  const windowMs = options.digestMinutes * 60_000
  const collected = windowMs === 0 ? now : new Date(Math.ceil(now.getTime() / windowMs) * windowMs)
  return options.quietHours ? afterQuietHours(collected, options.quietHours) : collected
}

/** A failing channel, for the others. */
export function channelEvent(
  type: Extract<EventType, 'channel.failing' | 'channel.recovered'>,
  channel: string,
  { id, at, code }: { id: string; at: string; code: string | null },
): NotificationEvent {
  const failing = type === 'channel.failing'
  return {
    ...{ id, type, at, severity: severityOf(type), database: null, subject: channel, condition: `channel:${channel}` },
    title: failing ? `The channel "${channel}" cannot be reached` : `The channel "${channel}" delivers messages`,
    lines: failing
      ? [
          `The last attempt ended with: ${code ?? 'unknown'}.`,
          'Messages for it wait and are sent again.',
          adviceFor('command', 'Once it is mended: {notifications.test}.'),
        ]
      : [],
    facts: { channel, ...(code === null ? {} : { code }) },
  }
}
