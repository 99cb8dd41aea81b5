import { expect, test } from 'vitest'
import type { RetentionBackup, RetentionPolicy } from '../policy/retention.ts'
import { copyPlan } from './copy-plan.ts'

const now = { engine: new Date('2026-03-31T12:00:00Z'), storage: null, server: null }
const none = { newest: 0, days: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0, safetyDays: 0 }
const policy = (part: Partial<RetentionPolicy>): RetentionPolicy => ({ ...none, timeZone: 'UTC', ...part })

/** One of the day of March it is named for. */
const day = (number: number, more: Partial<RetentionBackup> = {}): RetentionBackup => ({
  id: `d${number}`,
  number,
  database: 'shop',
  system_identifier: '1',
  createdAt: new Date(Date.UTC(2026, 2, number)),
  storedAt: null,
  takenAt: null,
  good: true,
  pinned: false,
  neededForUndo: false,
  safety: false,
  ...more,
})

test('without a policy everything is copied and nothing forgotten', () => {
  expect(copyPlan([day(30), day(29)], [day(29), day(1)], null, now)).toEqual({ missing: ['d30'], forget: [] })
})

test('a copy that keeps less does not get again what it has let go', () => {
  const source = [day(30), day(29), day(28), day(27)]
  expect(copyPlan(source, [day(29), day(28)], policy({ newest: 2 }), now)).toEqual({ missing: ['d30'], forget: [] })
  expect(copyPlan(source, [day(30), day(29), day(28)], policy({ newest: 2 }), now)).toEqual({
    missing: [],
    forget: ['d28'],
  })
})

test('a copy that keeps more holds on to what the repository has let go', () => {
  const copy = [day(30), day(20), day(10)]
  expect(copyPlan([day(30)], copy, policy({ days: 365 }), now)).toEqual({ missing: [], forget: [] })
})

test('the last good one stays until a newer one has arrived', () => {
  const plan = copyPlan([day(30)], [day(2)], policy({ newest: 1, days: 5 }), now)
  expect(plan).toEqual({ missing: ['d30'], forget: [] })
})

test('a pin on either side holds on both', () => {
  const limits = policy({ newest: 1 })
  expect(copyPlan([day(30), day(2, { pinned: true })], [day(30), day(2)], limits, now).forget).toEqual([])
  expect(copyPlan([day(30), day(2)], [day(30), day(2, { pinned: true })], limits, now).forget).toEqual([])
  expect(copyPlan([day(30), day(2, { pinned: true })], [day(30)], limits, now).missing).toEqual(['d2'])
})

test('done twice, the second time has nothing to do', () => {
  const source = Array.from({ length: 30 }, (_, index) => day(index + 1))
  for (const part of [{ newest: 3 }, { newest: 2, daily: 5, weekly: 3 }, { days: 4, monthly: 2 }]) {
    const { missing } = copyPlan(source, [day(3), day(4)], policy(part), now)
    const there = [day(3), day(4), ...source.filter(({ id }) => missing.includes(id))]
    const { forget } = copyPlan(source, there, policy(part), now)
    const left = there.filter(({ id }) => !forget.includes(id))
    expect(copyPlan(source, left, policy(part), now)).toEqual({ missing: [], forget: [] })
  }
})
