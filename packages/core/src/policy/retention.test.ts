import { describe, expect, test } from 'vitest'
import { decideRetention, type RetentionBackup, type RetentionPolicy } from './retention.ts'

const now = new Date('2026-11-22T12:00:00Z')
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
    database: 'shop',
    createdAt: new Date(now.getTime() - ageDays * day),
    good: true,
    pinned: false,
    neededForUndo: false,
    safety: false,
    ...extra,
  }
}

function kept(backups: RetentionBackup[], policy: Partial<RetentionPolicy>): string[] {
  return decideRetention(backups, { ...noLimits, ...policy }, now)
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
    ['daily goes beyond the limits', five, { newest: 1, daily: 3 }, ['b1', 'b2', 'b3']],
  ] as [string, RetentionBackup[], Partial<RetentionPolicy>, string[]][])('%s', (_, backups, policy, expected) => {
    expect(kept(backups, policy)).toEqual(expected)
  })

  test('days begin at midnight of the zone', () => {
    const backups = [
      backup('late', 0, { createdAt: new Date('2026-11-21T23:30:00Z') }),
      backup('early', 0, { createdAt: new Date('2026-11-21T22:30:00Z') }),
    ]
    expect(kept(backups, { newest: 1, daily: 2, timeZone: 'UTC' })).toEqual(['late'])
    expect(kept(backups, { newest: 1, daily: 2, timeZone: 'Europe/Paris' })).toEqual(['late', 'early'])
  })

  test('the hour that comes twice is two hours', () => {
    const backups = [
      backup('second', 0, { createdAt: new Date('2026-10-25T01:30:00Z') }),
      backup('first', 0, { createdAt: new Date('2026-10-25T00:30:00Z') }),
    ]
    expect(kept(backups, { newest: 1, hourly: 2, timeZone: 'Europe/Paris' })).toEqual(['second', 'first'])
  })

  test('each decision says why', () => {
    const [first, second] = decideRetention(
      [backup('b1', 1), backup('b2', 40)],
      { ...noLimits, newest: 1, days: 30 },
      now,
    )
    expect(first).toMatchObject({ keep: true, reasons: ['last_good', 'within_limits'] })
    expect(second).toMatchObject({
      keep: false,
      reasons: ['beyond_newest', 'too_old'],
      text: '1 newer good backups exist, and it is older than 30 days.',
    })
  })
})
