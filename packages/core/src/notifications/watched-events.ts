import { adviceFor } from '../advice.ts'
import { type EventType, severityOf } from './events.ts'
import type { NotificationEvent } from './options.ts'
import { databaseOf, eventId, type RecordedFact } from './recorded-fact.ts'

interface Watched {
  condition: string | null
  subject: string | null
  title: string
  lines: string[]
  facts: NotificationEvent['facts']
}

function event(fact: RecordedFact, type: EventType, { condition, subject, title, lines, facts }: Watched) {
  const place = { database: databaseOf(fact), subject, condition }
  const id = eventId(`${fact.hash} ${type} ${subject ?? ''}`)
  return { id, type, at: fact.at, severity: severityOf(type), ...place, title, lines, facts }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)

/** What a completed backup says of the rows, its size and the storage. */
export function watchedEvents(fact: RecordedFact): NotificationEvent[] {
  if (fact.action !== 'backups.create') return []
  const alarms: unknown[] = Array.isArray(fact.detail.alarms) ? fact.detail.alarms : []
  return [...alarms.flatMap((alarm) => alarmEvents(fact, alarm)), ...storageEvents(fact)]
}

const conditionOf = (alarm: string): string => `alarm:${alarm}`

function alarmEvents(fact: RecordedFact, alarm: unknown): NotificationEvent[] {
  const id = textOf(field(alarm, 'id'))
  const isOfRows = field(alarm, 'what') === 'rows'
  const said: unknown = field(alarm, 'lines')
  const lines = Array.isArray(said) ? said.map(textOf).slice(0, 5) : []
  const count = numberOf(field(alarm, 'count')) ?? lines.length
  const held = numberOf(field(alarm, 'held'))
  const of = `backup ${numberOf(fact.detail.number) ?? ''} of "${databaseOf(fact) ?? ''}"`
  if (count > lines.length) lines.push(`And ${count - lines.length} more.`)
  if (held !== null) lines.push(`Backup ${held}, from before, is kept until the alarm is acknowledged.`)
  lines.push(adviceFor('command', `Look at it, then: {alarms.acknowledge}; the alarm is ${id}.`))
  return [
    event(fact, isOfRows ? 'rows.odd' : 'size.odd', {
      ...{ condition: conditionOf(id), subject: id, lines },
      title: isOfRows ? `Rows are missing or rewritten in ${of}` : `The size of ${of} is odd`,
      facts: { alarm: id, findings: count, ...(held === null ? {} : { held_backup: held }) },
    }),
  ]
}

/** A backup whose storage has enough room ends what was told before. */
function storageEvents(fact: RecordedFact): NotificationEvent[] {
  const free = numberOf(fact.detail.free_bytes)
  if (free === null) return []
  const place = { condition: 'storage.low', subject: null }
  const low = fact.detail.storage_low
  if (low === undefined)
    return [
      event(fact, 'storage.recovered', {
        ...{ ...place, title: 'The repository has room again', lines: [], facts: { free_bytes: free } },
      }),
    ]
  const fullAt = textOf(field(low, 'full_at')) || null
  return [
    event(fact, 'storage.low', {
      ...place,
      title: 'The repository runs out of space',
      lines: [
        textOf(field(low, 'message')),
        adviceFor('command', 'Give it more space, or keep less: {retention.preview}.'),
      ],
      facts: { free_bytes: free, full_at: fullAt },
    }),
  ]
}

/** A person has looked at an alarm: it does not last any more. */
export function acknowledgedEvents(fact: RecordedFact): NotificationEvent[] {
  const alarm = fact.subject
  if (fact.outcome !== 'succeeded' || alarm === null) return []
  const number = numberOf(fact.detail.number)
  return [
    event(fact, 'alarm.acknowledged', {
      ...{ condition: conditionOf(alarm), subject: alarm, lines: [], facts: { alarm } },
      title: `The alarm about backup ${number ?? ''} of "${databaseOf(fact) ?? ''}" is acknowledged by ${fact.actor}`,
    }),
  ]
}
