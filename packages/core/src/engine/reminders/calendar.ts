import { adviceFor } from '../../advice.ts'
import type { ReminderPeriod } from './periods.ts'
import type { Reminder } from './reminders.ts'

const rules: Readonly<Record<ReminderPeriod, string>> = {
  week: 'FREQ=WEEKLY',
  month: 'FREQ=MONTHLY',
  quarter: 'FREQ=MONTHLY;INTERVAL=3',
  year: 'FREQ=YEARLY',
}

export interface CalendarPlace {
  now: Date
  /** Of the repository: the ids of events are the same in every process and at every time. */
  repository: string
  application: string
  /** Whether what was due last counts: not where the repository is younger. */
  counts(dueAt: string): boolean
}

/**
 * The reminders as a calendar (RFC 5545), times in UTC. Each is one event that repeats; its first date is the one that is
 * still to be done: one that was done in time is not shown. It names neither places nor databases nor errors: links to
 * calendars go from hand to hand.
 */
export function toCalendar(reminders: readonly Reminder[], place: CalendarPlace): string {
  const { now, repository, application, counts } = place
  const events = reminders
    .filter(({ state }) => state !== 'not_needed')
    .flatMap((reminder) => {
      const isOpen = reminder.state === 'due' && counts(reminder.due_at)
      const done = reminder.last_done_at === null ? [] : [`Last done: ${reminder.last_done_at.slice(0, 10)}.`]
      return [
        'BEGIN:VEVENT',
        `UID:${text(`${reminder.id}.${repository}@lifeboat`)}`,
        `DTSTAMP:${utc(now)}`,
        `DTSTART:${utc(new Date(isOpen ? reminder.due_at : reminder.next_due_at))}`,
        'DURATION:PT30M',
        `RRULE:${rules[reminder.period]}`,
        `SUMMARY:${text(`${application}: ${reminder.title}`)}`,
        `DESCRIPTION:${text([adviceFor('command', reminder.advice), ...done].join('\n'))}`,
        'TRANSP:TRANSPARENT',
        'END:VEVENT',
      ]
    })
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Lifeboat//Reminders//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    `X-WR-CALNAME:${text(`Backups of ${application}`)}`,
    'REFRESH-INTERVAL;VALUE=DURATION:PT12H',
    ...events,
    'END:VCALENDAR',
  ]
  return lines.map((line) => `${fold(line)}\r\n`).join('')
}

/** `20261201T080000Z` */
const utc = (moment: Date): string => moment.toISOString().replace(/[-:]|\.\d+/g, '')

/** A value of the type TEXT: section 3.3.11. Control characters are not allowed in it at all. */
export function text(value: string): string {
  return value
    .replace(/\r\n?|\u2028|\u2029/g, '\n')
    .replace(/[\\;,]/g, (special) => `\\${special}`)
    .replace(/\n/g, '\\n')
    .replace(/\p{Cc}|\p{Cs}/gu, ' ')
}

/** A content line in pieces of at most 75 octets, none of them cut within a character: section 3.1. */
export function fold(line: string): string {
  const pieces: string[] = []
  let piece = ''
  let octets = 0
  for (const character of line) {
    const size = Buffer.byteLength(character)
    if (octets + size > 75) {
      pieces.push(piece)
      // The space that begins the next line counts.
      ;[piece, octets] = ['', 1]
    }
    piece += character
    octets += size
  }
  return [...pieces, piece].join('\r\n ')
}
