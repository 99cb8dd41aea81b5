import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { dayNumber, dueSlots, type ScrubShares, scrubCoverage, slotOf } from './scrub-rotation.ts'

const packs = Array.from({ length: 3000 }, (_, index) => createHash('sha256').update(String(index)).digest('hex'))

test('every pack is in one share, and shares are about equal', () => {
  for (const days of [1, 7, 30]) {
    const sizes = Array.from({ length: days }, () => 0)
    for (const pack of packs) sizes[slotOf(pack, days)]! += 1
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(packs.length)
    expect(Math.min(...sizes)).toBeGreaterThan((packs.length / days) * 0.5)
    expect(Math.max(...sizes)).toBeLessThan((packs.length / days) * 1.6)
  }
})

test('run every day, everything is read in N days, and again in the next N', () => {
  for (const days of [1, 7, 30]) {
    const done: ScrubShares[] = []
    for (let day = 1000; day < 1000 + 2 * days; day++) {
      const slots = dueSlots(day, days, done)
      expect(slots).toEqual([day % days])
      done.push({ day, days, slots })
      expect(scrubCoverage(day, days, done)).toBeCloseTo(Math.min(1, (day - 999) / days))
    }
  }
})

test('asked a second time on the same day there is nothing to do', () => {
  expect(dueSlots(1000, 7, [{ day: 1000, days: 7, slots: [1000 % 7] }])).toEqual([])
})

test('missed days are made up for, three shares at a time, the oldest turn first', () => {
  const done: ScrubShares[] = [{ day: 1000, days: 7, slots: [1000 % 7] }]
  const first = dueSlots(1005, 7, done)
  expect(first).toEqual([1001 % 7, 1002 % 7, 1003 % 7])
  done.push({ day: 1005, days: 7, slots: first })
  const second = dueSlots(1006, 7, done)
  expect(second).toEqual([1004 % 7, 1005 % 7, 1006 % 7])
  done.push({ day: 1006, days: 7, slots: second })
  expect(scrubCoverage(1006, 7, done)).toBe(1)
})

test('however it is interrupted, run daily for a while it covers everything', () => {
  let seed = 7
  const random = () => {
    seed = (seed * 16807) % 2147483647
    return seed / 2147483647
  }
  for (let run = 0; run < 50; run++) {
    const days = 2 + Math.floor(random() * 30)
    const done: ScrubShares[] = []
    let day = 20_000
    for (let step = 0; step < 40; step++) {
      day += 1 + Math.floor(random() * random() * 10)
      done.push({ day, days, slots: dueSlots(day, days, done) })
    }
    for (let step = 0; step < days; step++) {
      day++
      done.push({ day, days, slots: dueSlots(day, days, done) })
    }
    expect(scrubCoverage(day, days, done)).toBe(1)
  }
})

test('another number of days starts a new rotation', () => {
  const done: ScrubShares[] = [{ day: 1000, days: 7, slots: [0, 1, 2, 3, 4, 5, 6] }]
  expect(dueSlots(1001, 10, done)).toEqual([1001 % 10])
  expect(scrubCoverage(1001, 10, done)).toBe(0)
})

test('days are those of UTC', () => {
  expect(dayNumber(new Date('1970-01-02T00:00:00Z'))).toBe(1)
  expect(dayNumber(new Date('1970-01-01T23:59:59.999Z'))).toBe(0)
})
