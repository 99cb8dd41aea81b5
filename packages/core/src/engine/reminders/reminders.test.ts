import { expect, test } from 'vitest'
import { fold, text, toCalendar } from './calendar.ts'
import { dueAround } from './periods.ts'
import type { ReminderFacts } from './reminder-facts.ts'
import { type Reminder, remindersOf } from './reminders.ts'
import { openDates } from './send-reminders.ts'

const now = new Date('2027-02-18T10:00:00.000Z')
const options = { at: '08:00', off: [] }
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString()
const facts = (more: Partial<ReminderFacts> = {}): ReminderFacts => ({
  now,
  since: { known: daysAgo(900) },
  failures: { known: { count: 0, lastAt: null } },
  openPoints: { known: [] },
  drills: { known: [{ label: 'shop', goodAt: daysAgo(20) }] },
  copyDrill: { known: { copies: 1, goodAt: daysAgo(80) } },
  encryption: { known: 'aes-256-gcm' },
  keyMadeAt: { known: daysAgo(100) },
  kitTakenAt: { known: daysAgo(300) },
  ...more,
})
const statesOf = (more: Partial<ReminderFacts> = {}) =>
  Object.fromEntries(remindersOf(facts(more), options).map(({ id, state }) => [id, state]))
const one = (id: string, more: Partial<ReminderFacts> = {}): Reminder =>
  remindersOf(facts(more), options).find((reminder) => reminder.id === id) as Reminder

test('each period is due on its first day at the time of day, and the next follows', () => {
  const around = (period: Parameters<typeof dueAround>[0], at: string, time = '08:00') => {
    const { last, next } = dueAround(period, new Date(at), time)
    return [last.toISOString().slice(0, 16), next.toISOString().slice(0, 16)]
  }
  // A Thursday; the Monday itself before and at eight; the last day of a year of 53 weeks.
  expect(around('week', '2027-02-18T10:00:00Z')).toEqual(['2027-02-15T08:00', '2027-02-22T08:00'])
  expect(around('week', '2027-02-15T07:59:59Z')).toEqual(['2027-02-08T08:00', '2027-02-15T08:00'])
  expect(around('week', '2027-02-15T08:00:00Z')).toEqual(['2027-02-15T08:00', '2027-02-22T08:00'])
  expect(around('week', '2027-01-03T23:59:00Z')).toEqual(['2026-12-28T08:00', '2027-01-04T08:00'])
  expect(around('month', '2027-03-01T07:00:00Z')).toEqual(['2027-02-01T08:00', '2027-03-01T08:00'])
  expect(around('month', '2028-02-29T12:00:00Z', '23:30')).toEqual(['2028-02-01T23:30', '2028-03-01T23:30'])
  expect(around('quarter', '2027-06-30T12:00:00Z')).toEqual(['2027-04-01T08:00', '2027-07-01T08:00'])
  expect(around('quarter', '2027-01-01T07:00:00Z')).toEqual(['2026-10-01T08:00', '2027-01-01T08:00'])
  expect(around('year', '2027-01-01T07:59:00Z')).toEqual(['2026-01-01T08:00', '2027-01-01T08:00'])
  expect(around('year', '2027-12-31T23:59:00Z')).toEqual(['2027-01-01T08:00', '2028-01-01T08:00'])
})

test('what a look shows to be done is done, and what cannot be found out is due', () => {
  const peopleOnly = { access: 'due', recovery_exercise: 'due' }
  expect(statesOf()).toEqual({
    ...{ failures: 'done', checklist: 'done', drills: 'done', key_rotation: 'done', recovery_kit: 'done' },
    copy_drill: 'done',
    ...peopleOnly,
  })
  expect(one('failures', { failures: { known: { count: 2, lastAt: daysAgo(1) } } })).toMatchObject({
    ...{ state: 'due', message: '2 jobs failed in the last 7 days, the last on 2027-02-17.' },
  })
  expect(one('checklist', { openPoints: { known: ['A', 'B', 'C', 'D', 'E', 'F', 'G'] } }).message).toBe(
    'Open: A; B; C; D; E; and 2 more.',
  )
  const stale = {
    drills: { known: ['a', 'b'].map((label) => ({ label, goodAt: daysAgo(label === 'a' ? 1 : 33) })) },
    keyMadeAt: { known: daysAgo(368) },
    kitTakenAt: { known: null },
  }
  expect(statesOf(stale)).toMatchObject({ drills: 'due', key_rotation: 'due', recovery_kit: 'due' })
  expect(one('drills', stale).message).toContain('of "b": 2027-01-16')
  // What was done early on the first day of a month of 31 days counts on the first day of the next.
  const early = { drills: { known: [{ label: 'a', goodAt: '2026-12-01T00:10:00Z' }] } }
  const inJanuary = { ...early, now: new Date('2027-01-01T08:00:00Z') }
  expect(one('drills', inJanuary).state).toBe('done')
  // A date in the future is of a wrong clock.
  expect(one('key_rotation', { keyMadeAt: { known: daysAgo(-2) } }).state).toBe('due')
  expect(statesOf({ copyDrill: { known: { copies: 0, goodAt: null } } })).toMatchObject({ copy_drill: 'not_needed' })
  expect(statesOf({ copyDrill: { known: { copies: 1, goodAt: daysAgo(94) } } })).toMatchObject({ copy_drill: 'due' })
  expect(statesOf({ encryption: { known: 'none' } })).toMatchObject({
    ...{ key_rotation: 'not_needed', recovery_kit: 'not_needed' },
  })
  const unknown = { unknown: 'connect ECONNREFUSED 10.0.0.5:5432' }
  const lost = { failures: unknown, openPoints: unknown, drills: unknown, encryption: unknown, copyDrill: unknown }
  expect(new Set(Object.values(statesOf(lost)))).toEqual(new Set(['due']))
  expect(JSON.stringify(remindersOf(facts(lost), options))).not.toContain('10.0.0.5')
  expect(remindersOf(facts(), { at: '08:00', off: ['access'] }).map(({ id }) => id)).not.toContain('access')
})

test('a date is dealt with once, also by a clock that went back', () => {
  const ids = (dealtWith: Record<string, unknown>, at = now) => openDates(options, dealtWith, at).map(([id]) => id)
  expect(ids({})).toHaveLength(8)
  const all = Object.fromEntries(openDates(options, {}, now).map(([id, at]) => [`.reminder_${id}`, at]))
  expect(ids(all)).toEqual([])
  expect(ids(all, new Date('2026-06-01T00:00:00Z'))).toEqual([])
  expect(ids(all, new Date('2027-02-22T08:00:00Z'))).toEqual(['failures', 'checklist'])
  expect(ids(all, new Date('2027-03-01T08:00:00Z'))).toEqual(['failures', 'checklist', 'drills'])
  // What another program wrote there counts for nothing.
  expect(ids({ ...all, '.reminder_drills': 7 })).toEqual(['drills'])
})

/** Lines as a calendar program reads them: section 3.1 and 3.3.11 of RFC 5545. */
const unfolded = (calendar: string) => calendar.replace(/\r\n[ \t]/g, '').split('\r\n')
const read = (value: string) =>
  value.replace(/\\([\\;,nN])/g, (_, special: string) => (special.toLowerCase() === 'n' ? '\n' : special))

test('a line has at most 75 octets, none is cut within a character, and unfolding gives it back', () => {
  for (const letter of ['a', 'é', '€', '𝄞', 'a€']) {
    for (let length = 1; length < 120; length++) {
      const line = `SUMMARY:${letter.repeat(length)}`
      const folded = fold(line)
      for (const piece of folded.split('\r\n')) expect(Buffer.byteLength(piece)).toBeLessThanOrEqual(75)
      expect(Buffer.from(folded.replace(/\r\n /g, '')).toString()).toBe(line)
    }
  }
})

test('a text cannot leave its property', () => {
  const nasty = 'Shop, "A;B" \\n\r\nBEGIN:VALARM\u2028END:VEVENT\u0000\u0007\ud800'
  const value = text(nasty)
  expect(value).not.toMatch(/\p{Cc}|\p{Zl}|\p{Cs}/u)
  expect(read(value)).toBe('Shop, "A;B" \\n\nBEGIN:VALARM\nEND:VEVENT   ')
})

test('a calendar has the same events each time; what was done begins at the next date', () => {
  const place = { repository: 'ab12', application: 'Läden, "Süd"; \\ BEGIN:VEVENT', counts: () => true }
  const made = (more: Partial<ReminderFacts> = {}, at = now) =>
    unfolded(toCalendar(remindersOf({ ...facts(more), now: at }, options), { ...place, now: at }))
  const lines = made()
  expect(lines.filter((line) => line === 'BEGIN:VEVENT')).toHaveLength(8)
  expect(lines.filter((line) => line.startsWith('DTSTAMP:'))).toEqual(Array(8).fill('DTSTAMP:20270218T100000Z'))
  const events = (all: string[]) =>
    all
      .join('\n')
      .split('BEGIN:VEVENT\n')
      .slice(1)
      .map((event) =>
        Object.fromEntries(event.split('\n').map((line) => /^([A-Z-]+):(.*)$/.exec(line)?.slice(1) ?? [])),
      )
  const byUid = (all: string[]) => Object.fromEntries(events(all).map((event) => [event.UID, event]))
  const first = byUid(lines)
  expect(Object.keys(byUid(made({}, new Date('2028-07-07T00:00:00Z'))))).toEqual(Object.keys(first))
  expect(first['access.ab12@lifeboat']).toMatchObject({
    ...{ DTSTART: '20270101T080000Z', RRULE: 'FREQ=MONTHLY;INTERVAL=3', DURATION: 'PT30M' },
    SUMMARY: 'Läden\\, "Süd"\\; \\\\ BEGIN:VEVENT: Review who has access to the backups',
  })
  expect(first['drills.ab12@lifeboat']).toMatchObject({ DTSTART: '20270301T080000Z', RRULE: 'FREQ=MONTHLY' })
  expect(first['drills.ab12@lifeboat']?.DESCRIPTION).toContain('Last done: 2027-01-29.')
  expect(first['failures.ab12@lifeboat']).toMatchObject({ DTSTART: '20270222T080000Z', RRULE: 'FREQ=WEEKLY' })
  expect(byUid(made({ drills: { known: [] }, kitTakenAt: { known: null } }))).not.toHaveProperty('drills.ab12@lifeboat')
  expect(byUid(made({ kitTakenAt: { known: null } }))['recovery_kit.ab12@lifeboat']).toMatchObject({
    ...{ DTSTART: '20270101T080000Z', RRULE: 'FREQ=YEARLY' },
  })
})
