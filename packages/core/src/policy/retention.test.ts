import { describe, expect, test } from 'vitest'
import { decideRetention, type RetentionBackup, type RetentionPolicy } from './retention.ts'

const now = new Date('2026-11-22T12:00:00Z')
const clocks = { engine: now, storage: null, server: null }
const noLimits: RetentionPolicy = {
  newest: 0,
  days: 0,
  hourly: 0,
  daily: 0,
  weekly: 0,
  monthly: 0,
  yearly: 0,
  safetyDays: 7,
  timeZone: 'UTC',
}
const day = 86_400_000

function backup(id: string, ageDays: number, extra: Partial<RetentionBackup> = {}): RetentionBackup {
  return {
    id,
    // As clocks that are right would have it; tests of wrong ones are in retention-clocks.test.ts.
    number: 1000 - ageDays,
    database: 'shop',
    system_identifier: '1',
    createdAt: new Date(now.getTime() - ageDays * day),
    storedAt: null,
    takenAt: null,
    good: true,
    pinned: false,
    neededForUndo: false,
    safety: false,
    ...extra,
  }
}

function kept(backups: RetentionBackup[], policy: Partial<RetentionPolicy>): string[] {
  return decideRetention(backups, { ...noLimits, ...policy }, clocks)
    .filter((decision) => decision.keep)
    .map((decision) => decision.id)
}

describe('retention', () => {
  const five = [1, 2, 3, 4, 5].map((age) => backup(`b${age}`, age))

  test.each([
    ['no limit keeps all', five, {}, ['b1', 'b2', 'b3', 'b4', 'b5']],
    ['the newest N', five, { newest: 2 }, ['b1', 'b2']],
    ['older than D days', five, { days: 3 }, ['b1', 'b2', 'b3']],
    ['both limits hold', five, { newest: 4, days: 3 }, ['b1', 'b2', 'b3']],
    ['the last good one stays however old', [backup('b1', 900)], { newest: 1, days: 1 }, ['b1']],
    [
      'a failed verification does not count, and does not push a good one out',
      [backup('bad', 1, { good: false }), backup('b2', 2), backup('b3', 3)],
      { newest: 1 },
      ['bad', 'b2'],
    ],
    [
      'a database without a good backup loses nothing',
      [backup('x', 90, { good: false }), backup('y', 91, { good: false })],
      { newest: 1, days: 1 },
      ['x', 'y'],
    ],
    [
      'pinned and needed ones stay and still count',
      [backup('b1', 1), backup('b2', 2, { pinned: true }), backup('b3', 3, { neededForUndo: true }), backup('b4', 4)],
      { newest: 1 },
      ['b1', 'b2', 'b3'],
    ],
    [
      'databases do not mix',
      [
        backup('b1', 1),
        backup('b2', 2),
        backup('o1', 3, { database: 'other' }),
        backup('o2', 4, { database: 'other' }),
      ],
      { newest: 1 },
      ['b1', 'o1'],
    ],
    [
      'safety backups are outside the count and expire by themselves',
      [backup('s1', 1, { safety: true }), backup('b2', 2), backup('b3', 3), backup('s8', 8, { safety: true })],
      { newest: 1 },
      ['s1', 'b2'],
    ],
    ['a safety backup stays where it is the last good one', [backup('s', 30, { safety: true })], {}, ['s']],
    [
      'an actor pushes out neither what the schedule made nor what others asked for, however many backups they make',
      [
        ...[1, 2, 3, 4].map((age) => backup(`op${age}`, age, { madeBy: 'operator' })),
        ...[backup('s5', 5), backup('a6', 6, { madeBy: 'admin' }), backup('s7', 7), backup('s8', 8)],
      ],
      { newest: 2 },
      ['op1', 'op2', 's5', 'a6', 's7'],
    ],
    [
      'what the schedule made pushes out all that is older',
      [backup('s1', 1), backup('s2', 2), backup('op3', 3, { madeBy: 'operator' }), backup('s4', 4)],
      { newest: 2 },
      ['s1', 's2'],
    ],
    [
      'the backup of a day is that of the schedule too, where somebody made another one later',
      [backup('late', 1, { madeBy: 'operator', number: 999.5 }), backup('s1', 1), backup('s2', 2), backup('s3', 3)],
      { newest: 1, daily: 2 },
      ['late', 's1', 's2'],
    ],
    ['daily goes beyond the limits', five, { newest: 1, daily: 3 }, ['b1', 'b2', 'b3']],
  ] as [string, RetentionBackup[], Partial<RetentionPolicy>, string[]][])('%s', (_, backups, policy, expected) => {
    expect(kept(backups, policy)).toEqual(expected)
  })

  test('days begin at midnight of the zone', () => {
    const backups = [
      backup('late', 0, { createdAt: new Date('2026-11-21T23:30:00Z') }),
      backup('early', 1, { createdAt: new Date('2026-11-21T22:30:00Z') }),
    ]
    expect(kept(backups, { newest: 1, daily: 2, timeZone: 'UTC' })).toEqual(['late'])
    expect(kept(backups, { newest: 1, daily: 2, timeZone: 'Europe/Paris' })).toEqual(['late', 'early'])
  })

  test('the hour that comes twice is two hours', () => {
    const backups = [
      backup('second', 0, { createdAt: new Date('2026-10-25T01:30:00Z') }),
      backup('first', 1, { createdAt: new Date('2026-10-25T00:30:00Z') }),
    ]
    expect(kept(backups, { newest: 1, hourly: 2, timeZone: 'Europe/Paris' })).toEqual(['second', 'first'])
  })

  test('each decision says why', () => {
    const [first, second] = decideRetention(
      [backup('b1', 1), backup('b2', 40)],
      { ...noLimits, newest: 1, days: 30 },
      clocks,
    )
    expect(first).toMatchObject({ keep: true, reasons: ['last_good', 'within_limits'] })
    expect(second).toMatchObject({
      keep: false,
      reasons: ['beyond_newest', 'too_old'],
      text: '1 newer good backups exist, and it is older than 30 days.',
    })
  })
})
