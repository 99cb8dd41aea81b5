import { describe, expect, test } from 'vitest'
import { type StorageFacts, storageOutlook } from './storage-outlook.ts'

const now = new Date('2026-05-31T12:00:00.000Z')
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString()
/** One a night; free space by the days that have passed since. */
const nightly = (nights: number, freeBytes: (ago: number) => number) =>
  Array.from({ length: nights }, (_, index) => ({ at: daysAgo(nights - index), freeBytes: freeBytes(nights - index) }))
const outlook = (facts: Partial<StorageFacts>) =>
  storageOutlook({ freeBytes: 100e9, points: [], largestBackup: 1e9, now, ...facts })

describe('when the storage is full', () => {
  const cases: [string, Partial<StorageFacts>, level: string, fullOn: string | null][] = [
    ['a storage that does not say', { freeBytes: null }, 'unknown', null],
    ['nothing known yet', {}, 'ok', null],
    ['too few nights', { points: nightly(2, () => 500e9) }, 'ok', null],
    ['nothing becomes less', { points: nightly(20, () => 100e9) }, 'ok', null],
    ['it becomes more', { points: nightly(20, () => 50e9) }, 'ok', null],
    ['1 GB a night', { points: nightly(20, (ago) => 100e9 + ago * 1e9) }, 'ok', '2026-09-08'],
    ['10 GB a night', { points: nightly(20, (ago) => 100e9 + ago * 10e9) }, 'low', '2026-06-10'],
    ['40 GB a night', { points: nightly(20, (ago) => 100e9 + ago * 40e9) }, 'critical', '2026-06-03'],
    ['one that became much less in one night', { points: nightly(20, (ago) => (ago > 4 ? 900e9 : 100e9)) }, 'ok', null],
    [
      'a clean-up five days ago does not hide what goes on',
      { points: nightly(20, (ago) => 100e9 + ago * 10e9 - (ago > 5 ? 120e9 : 0)) },
      'low',
      '2026-06-10',
    ],
    ['what is older than 30 days says nothing', { points: [{ at: daysAgo(31), freeBytes: 1e15 }] }, 'ok', null],
    ['a time from the future says nothing', { points: [{ at: daysAgo(-9), freeBytes: 1e15 }] }, 'ok', null],
    ['the next backup may not fit', { freeBytes: 0.9e9 }, 'critical', null],
  ]
  test.each(cases)('%s', (_, facts, level, fullOn) => {
    const found = outlook(facts)
    expect([found.level, found.full_at?.slice(0, 10) ?? null]).toEqual([level, fullOn])
  })
  test('in words', () => {
    expect(outlook({ points: nightly(20, (ago) => 100e9 + ago * 10e9) }).message).toBe(
      '100.0 GB are free at the repository; at the present rate it is full on 2026-06-10.',
    )
    expect(outlook({ freeBytes: 5e7 }).message).toMatch(/^Only 50.0 MB are free .* does not fit\.$/)
  })
})
