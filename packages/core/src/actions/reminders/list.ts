import { z } from 'zod'
import { reminderPeriods } from '../../engine/reminders/periods.ts'
import { type Reminder, reminderStates } from '../../engine/reminders/reminders.ts'
import { reminderIds } from '../../policy/reminder-ids.ts'
import { action } from '../action.ts'
import { examineAll } from '../doctor.ts'

const time = z.iso.datetime()

const reminder = z
  .object({
    id: z.enum(reminderIds),
    period: z.enum(reminderPeriods),
    title: z.string(),
    state: z
      .enum(reminderStates)
      .describe('`due`: not done for a period, or it could not be found out. `not_needed`: it does not apply here.'),
    message: z.string(),
    advice: z.string(),
    last_done_at: time.nullable().describe('As far as that is known.'),
    due_at: time.describe('When it was due last.'),
    next_due_at: time,
  })
  .meta({ id: 'reminder' })

export const listReminders = action({
  name: 'reminders.list',
  summary: 'Lists what people do each week, month, quarter and year, judged by what is so now; also as a calendar.',
  permission: 'reminders:read',
  kind: 'read',
  input: z.strictObject({
    format: z.enum(['json', 'calendar']).default('json').describe('calendar: `document` is a calendar, by RFC 5545.'),
  }),
  result: z.object({
    reminders: z.array(reminder),
    document: z.string().nullable().describe('The calendar; null with `json`.'),
  }),
  http: { method: 'GET', path: 'reminders', texts: ['calendar'] },
  command: {
    name: 'reminders',
    examples: ['lifeboat reminders', 'lifeboat reminders --format calendar > backups.ics'],
  },
  page: 'repository',
  async run(context, { format }): Promise<{ reminders: Reminder[]; document: string | null }> {
    const { parts } = context
    const [{ readReminderFacts }, { remindersOf, isOlderThan }] = await Promise.all([
      import('../../engine/reminders/read-reminder-facts.ts'),
      import('../../engine/reminders/reminders.ts'),
    ])
    // What names the events: without it a calendar would hold other ones each time.
    const repository = format === 'calendar' ? (await parts.repository()).config.id : ''
    const now = new Date()
    const facts = await readReminderFacts({ ...context, doctor: () => examineAll(context, {}) }, now)
    const reminders = remindersOf(facts, parts.settings.reminders)
    if (format === 'json') return { reminders, document: null }
    const { toCalendar } = await import('../../engine/reminders/calendar.ts')
    const application = await parts.applicationName()
    const counts = (dueAt: string) => isOlderThan(facts, dueAt)
    return { reminders, document: toCalendar(reminders, { now, repository, application, counts }) }
  },
})
