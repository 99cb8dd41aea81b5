import { expect, test } from 'vitest'
import { bytesLeft } from './read-rows.ts'

test('what is left falls as it is read, and ends only with the work', () => {
  const ahead = 1000
  const left = [0, 100, 500, 1000, 5000].map((underWay) => bytesLeft(ahead, underWay))
  expect(left[0]).toBe(1000)
  // Nearly one for one where little has been read.
  expect(left[1]).toBeGreaterThan(900)
  expect(left[1]).toBeLessThan(920)
  expect(left).toEqual(left.toSorted((a, b) => b - a))
  expect(left.at(-1)).toBeGreaterThan(0)
  expect(bytesLeft(0, 50)).toBe(0)
})
