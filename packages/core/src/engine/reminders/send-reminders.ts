import { adviceFor } from '../../advice.ts'
import type { Catalog, Json } from '../../catalog/catalog.ts'
import { severityOf } from '../../notifications/events.ts'
import type { NotificationEvent } from '../../notifications/options.ts'
import { eventId } from '../../notifications/recorded-fact.ts'
import type { Background } from '../background/core.ts'
import { type ReminderGround, readReminderFacts } from './read-reminder-facts.ts'
import type { ReminderFacts } from './reminder-facts.ts'
import { dueReminders, isOlderThan, type Reminder, type ReminderOptions, remindersOf } from './reminders.ts'

/** In the catalog's configuration, by id: the due date that was dealt with last, by a message or because it was done. */
const nameOf = (id: string): string => `.reminder_${id}`

/**
 * Sends what is due and was not done: one message for each date, whatever the number of processes that find it out.
 * Where nothing is due, that costs one look into the catalog.
 */
export async function sendReminders(
  {
    catalog,
    notifier,
    parts,
  }: Pick<Background, 'parts'> & {
    catalog: Pick<Catalog, 'configuration'>
    notifier: Pick<NonNullable<Background['notifier']>, 'raise'> | null
  },
  ground: ReminderGround,
  now: Date,
): Promise<void> {
  if (!notifier) return
  const options = parts.settings.reminders
  const dealtWith = await catalog.configuration.read()
  const open = new Map(openDates(options, dealtWith, now))
  if (open.size === 0) return
  const facts = await readReminderFacts(ground, now)
  const due = remindersOf(facts, options).filter(({ id }) => open.has(id))
  await notifier.raise(due.filter((one) => mustBeSaid(one, facts)).map((one) => eventOf(one, now)))
  // After the messages: a process that dies in between leaves them to the next look, which makes none twice.
  const patch: Json = Object.fromEntries(due.map(({ id, due_at }) => [nameOf(id), due_at]))
  await catalog.configuration.write(patch, { by: 'reminders', at: now.toISOString() })
}

/** Dates that no process has dealt with yet. A clock that went back deals with none again. */
export function openDates(options: ReminderOptions, dealtWith: Json, now: Date): [id: string, dueAt: string][] {
  return dueReminders(now, options).flatMap(({ id, due }) => {
    const known = dealtWith[nameOf(id)]
    const dueAt = due.last.toISOString()
    return typeof known === 'string' && known >= dueAt ? [] : [[id, dueAt]]
  })
}

const mustBeSaid = ({ state, due_at }: Reminder, facts: ReminderFacts): boolean =>
  state === 'due' && isOlderThan(facts, due_at)

function eventOf({ id, title, message, advice, due_at, last_done_at, period }: Reminder, now: Date): NotificationEvent {
  return {
    ...{ id: eventId(`reminder.due ${id} ${due_at}`), type: 'reminder.due', at: now.toISOString() },
    ...{ severity: severityOf('reminder.due'), database: null, subject: null, condition: null },
    title: `Each ${period}: ${title}`,
    lines: [message, adviceFor('command', advice)],
    facts: { item: id, period, due_at, last_done_at },
  }
}
