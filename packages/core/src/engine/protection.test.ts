import { describe, expect, test } from 'vitest'
import { type ProtectionFacts, protectionOf, withAttempt } from './protection.ts'
import type { StatusReport } from './status.ts'

const at = '2026-05-04T03:00:00.000Z'
const later = '2026-05-05T03:00:00.000Z'
const good: ProtectionFacts = {
  status: {
    ...{ level: 'ok', message: 'Backup 3 of "shop" is good.', last_verified_at: at, server_answers: true },
    last_backup: { completed_at: at } as ProtectionFacts['status']['last_backup'],
  },
  attempt: { status: 'succeeded', finished_at: at, detail: '' },
  isScheduled: true,
  isPaused: false,
  overdueSeconds: 0,
  rowAlarms: 0,
}
const failed = { status: 'failed', finished_at: later, detail: 'The disk is full.', advice: 'Free some space.' }
const none = { ...good.status, level: 'failed', message: 'There is no backup yet.', last_backup: null } as const

describe('whether a database is protected', () => {
  const cases: [name: string, facts: Partial<ProtectionFacts>, level: string, codes: string[]][] = [
    ['all is well', {}, 'ok', ['last_backup']],
    ['the last attempt failed', { attempt: failed }, 'warning', ['last_attempt', 'last_backup']],
    [
      'it was interrupted',
      { attempt: { ...failed, status: 'interrupted' } },
      'warning',
      ['last_attempt', 'last_backup'],
    ],
    [
      'it failed before the backup there is',
      { attempt: { ...failed, finished_at: '2026-05-03T03:00:00.000Z' } },
      'ok',
      ['last_backup'],
    ],
    ['the only attempt failed', { attempt: failed, status: none }, 'failed', ['last_backup', 'last_attempt']],
    ['one was cancelled', { attempt: { ...failed, status: 'cancelled' } }, 'ok', ['last_backup']],
    ['the schedule is off', { isScheduled: false }, 'warning', ['schedule_off', 'last_backup']],
    ['a run is overdue', { overdueSeconds: 1800 }, 'warning', ['schedule_overdue', 'last_backup']],
    ['rows are odd', { rowAlarms: 1 }, 'warning', ['rows_odd', 'last_backup']],
    ['the queue is paused', { isPaused: true }, 'warning', ['queue_paused', 'last_backup']],
    ['no catalog', { isScheduled: null, attempt: null }, 'unknown', ['schedule_unknown', 'last_backup']],
    [
      'never verified',
      { status: { ...good.status, last_verified_at: null } },
      'unknown',
      ['never_verified', 'last_backup'],
    ],
    [
      'the server is gone',
      { status: { ...good.status, server_answers: false } },
      'failed',
      ['server_away', 'last_backup'],
    ],
    ['no backup: nothing to verify', { status: none }, 'failed', ['last_backup']],
  ]
  test.each(cases)('%s', (_, facts, level, codes) => {
    const found = protectionOf({ ...good, ...facts })
    expect([found.level, found.reasons.map(({ code }) => code)]).toEqual([level, codes])
  })

  test('the reason of a failed attempt and its advice are passed on', () => {
    const [reason] = protectionOf({ ...good, attempt: failed }).reasons
    expect(reason).toMatchObject({ message: 'The last backup failed: The disk is full.', advice: 'Free some space.' })
  })
})

describe('what status says together with the last attempt', () => {
  const said = (status: ProtectionFacts['status'], attempt: ProtectionFacts['attempt']) => {
    const { level, message, last_attempt_failed } = withAttempt(status as StatusReport, attempt)
    return [level, message, last_attempt_failed]
  }
  test('a failed one is never ok, and is said', () => {
    expect(said(good.status, failed)).toEqual([
      'warning',
      `${good.status.message} The last backup failed: The disk is full.`,
      true,
    ])
  })
  test('one before the newest backup changes nothing', () => {
    const before = { ...failed, finished_at: '2026-05-03T03:00:00.000Z' }
    for (const attempt of [null, good.attempt, before])
      expect(said(good.status, attempt)).toEqual(['ok', good.status.message, false])
  })
  test('it does not raise what is failed already', () => {
    const old = { ...good.status, level: 'failed', message: 'It is too old.' } as const
    expect(said(old, failed)).toEqual(['failed', 'It is too old. The last backup failed: The disk is full.', true])
  })
})
