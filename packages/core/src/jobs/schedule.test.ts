import { describe, expect, test } from 'vitest'
import { cronProblem, dailyAt, dueSlot, newestSlot, nextRuns, overdueRun, type Schedule } from './schedule.ts'

const schedule = (extra: Partial<Schedule> = {}): Schedule => ({
  name: 'backup:default',
  enabled: true,
  cron: dailyAt(2),
  timeZone: 'Europe/Paris',
  jitterMinutes: 0,
  ...extra,
})
const texts = (dates: Date[]) => dates.map((date) => date.toISOString())

describe('next runs', () => {
  test('every day at the hour of the zone', () => {
    expect(texts(nextRuns(schedule(), 2, new Date('2026-11-22T12:00:00Z')))).toEqual([
      '2026-11-23T01:00:00.000Z',
      '2026-11-24T01:00:00.000Z',
    ])
  })

  test('a time the clocks leap over comes right after the leap', () => {
    expect(texts(nextRuns(schedule({ cron: '30 2 * * *' }), 3, new Date('2026-03-28T12:00:00Z')))).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
      '2026-03-31T00:30:00.000Z',
    ])
  })

  test('an hour the clocks repeat comes once', () => {
    expect(texts(nextRuns(schedule(), 3, new Date('2026-10-24T12:00:00Z')))).toEqual([
      '2026-10-25T00:00:00.000Z',
      '2026-10-26T01:00:00.000Z',
      '2026-10-27T01:00:00.000Z',
    ])
  })

  test('a disabled schedule has none', () => {
    expect(nextRuns(schedule({ enabled: false }), 5, new Date())).toEqual([])
  })

  test('jitter delays by less than its minutes, and always the same', () => {
    const jittered = schedule({ jitterMinutes: 30 })
    const from = new Date('2026-11-22T12:00:00Z')
    const runs = nextRuns(jittered, 50, from)
    expect(runs).toEqual(nextRuns(jittered, 50, from))
    const delays = runs.map((run) => (run.getTime() - Date.parse('2026-11-23T01:00:00Z')) % 86_400_000)
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...delays)).toBeLessThan(30 * 60_000)
    expect(new Set(delays).size).toBeGreaterThan(40)
    const other = nextRuns({ ...jittered, name: 'backup:other' }, 50, from)
    expect(other).not.toEqual(runs)
  })
})

describe('due slots', () => {
  const due = (last: string, now: string, extra: Partial<Schedule> = {}) => {
    const found = dueSlot(schedule({ timeZone: 'UTC', ...extra }), new Date(last), new Date(now))
    return found && [found.slot.toISOString(), found.lateMs]
  }

  test.each([
    ['nothing before its time', '2026-01-01T02:00:00Z', '2026-01-02T01:59:59.999Z', null],
    ['at the second', '2026-01-01T02:00:00Z', '2026-01-02T02:00:00.000Z', ['2026-01-02T02:00:00.000Z', 0]],
    ['not twice', '2026-01-02T02:00:00Z', '2026-01-02T02:00:00.500Z', null],
    [
      'of many missed ones only the newest',
      '2026-01-01T02:00:00Z',
      '2026-01-09T05:00:00Z',
      ['2026-01-09T02:00:00.000Z', 3 * 3_600_000],
    ],
    ['a clock that was set back repeats nothing', '2026-01-05T02:00:00Z', '2026-01-03T05:00:00Z', null],
  ])('%s', (_, last, now, expected) => {
    expect(due(last, now)).toEqual(expected)
  })

  test('with jitter a slot is due only after its delay, and a missed one before it still counts', () => {
    const jittered = schedule({ timeZone: 'UTC', jitterMinutes: 600 })
    const last = new Date('2026-01-01T02:00:00Z')
    const [first] = nextRuns(jittered, 1, new Date('2026-01-02T02:00:00Z')) as [Date]
    expect(dueSlot(jittered, last, new Date(first.getTime() - 1))).toBeNull()
    expect(dueSlot(jittered, last, first)).toEqual({ slot: new Date('2026-01-02T02:00:00Z'), lateMs: 0 })
    const late = dueSlot(jittered, last, new Date('2026-01-03T02:00:00Z'))
    expect(late?.slot).toEqual(new Date('2026-01-02T02:00:00Z'))
  })

  test('a schedule begins at the newest slot that has passed', () => {
    expect(newestSlot(schedule({ timeZone: 'UTC' }), new Date('2026-01-02T02:00:00Z'))).toEqual(
      new Date('2026-01-02T02:00:00Z'),
    )
    expect(newestSlot(schedule({ timeZone: 'UTC' }), new Date('2026-01-02T01:59:59.999Z'))).toEqual(
      new Date('2026-01-01T02:00:00Z'),
    )
  })

  test('a year of looks, one each half-hour: every day runs once in every zone', () => {
    for (const timeZone of ['Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata']) {
      const zoned = schedule({ timeZone, cron: '15 2 * * *' })
      let last = new Date('2026-01-01T12:00:00Z')
      let runs = 0
      for (let now = Date.parse('2026-01-01T12:00:00Z'); now < Date.parse('2027-01-01T12:00:00Z'); now += 1_800_000) {
        const found = dueSlot(zoned, last, new Date(now))
        if (!found) continue
        runs++
        last = found.slot
      }
      expect([timeZone, runs]).toEqual([timeZone, 365])
    }
  })
})

describe('what is overdue', () => {
  /** The nights in which clocks change, with the days around them. */
  const nights: [timeZone: string, ...days: string[]][] = [
    ['Europe/Paris', '2026-03-28', '2026-10-24'],
    ['America/New_York', '2026-03-07', '2026-10-31'],
    ['Australia/Lord_Howe', '2026-04-04', '2026-10-03'],
  ]
  test('who runs what is due owes nothing, on no night of changing clocks, with jitter or without', () => {
    const wrong: string[] = []
    for (const [timeZone, ...days] of nights)
      for (const day of days)
        for (const cron of ['15 2 * * *', '*/20 1-3 * * *'])
          for (const jitterMinutes of [0, 45]) {
            const one = schedule({ timeZone, cron, jitterMinutes })
            const from = Date.parse(`${day}T06:00:00Z`)
            let last = newestSlot(one, new Date(from))
            for (let now = from; now < from + 2 * 86_400_000; now += 1_500_000) {
              const found = dueSlot(one, last, new Date(now))
              if (found) last = found.slot
              const overdue = overdueRun(one, last, new Date(now))
              if (overdue) wrong.push(`${timeZone} ${cron} ${jitterMinutes} ${overdue.slot.toISOString()}`)
            }
          }
    expect(wrong).toEqual([])
  })

  test('the oldest run that is missing counts, from when it should have begun', () => {
    const hourly = schedule({ timeZone: 'UTC', cron: '0 * * * *' })
    const last = new Date('2026-01-01T02:00:00Z')
    expect(overdueRun(hourly, last, new Date('2026-01-01T02:59:59Z'))).toBeNull()
    expect(overdueRun(hourly, last, new Date('2026-01-01T05:30:00Z'))).toMatchObject({
      ...{ slot: new Date('2026-01-01T03:00:00Z'), lateMs: 2.5 * 3_600_000 },
    })
    expect(overdueRun({ ...hourly, enabled: false }, last, new Date('2026-01-02T05:30:00Z'))).toBeNull()
    // A clock that was set back.
    expect(overdueRun(hourly, last, new Date('2025-12-01T05:30:00Z'))).toBeNull()
  })
})

test.each([
  ['0 2 * * *', null],
  ['*/15 8-18 * * MON-FRI', null],
  ['0 2 * *', expect.any(String)],
  ['0 0 2 * * *', expect.any(String)],
  ['61 2 * * *', expect.any(String)],
  ['0 2 30 2 *', 'It never comes round.'],
  ['', expect.any(String)],
])('cron %s', (cron, problem) => {
  expect(cronProblem(cron)).toEqual(problem)
})
