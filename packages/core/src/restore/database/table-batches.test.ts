import { expect, test } from 'vitest'
import { tableBatches } from './table-batches.ts'

const sizes = (tables: number[], sessions: number, most: number) =>
  tableBatches(
    tables.map((bytes) => ({ bytes })),
    { sessions, most },
  ).map((batch) => batch.map(({ bytes }) => bytes))

test('large tables come first, each alone; small ones together', () => {
  expect(sizes([1, 500, 2, 300, 1, 400, 3], 2, 20)).toEqual([[500], [400], [300], [3, 2, 1, 1]])
})

test('there is a share for each session, and no batch has more than it may', () => {
  expect(sizes([1, 1, 1, 1], 2, 20)).toEqual([[1], [1], [1], [1]])
  expect(sizes([0, 0, 0, 0, 0], 2, 20)).toEqual([
    [0, 0, 0],
    [0, 0],
  ])
  expect(
    sizes(
      Array.from({ length: 100 }, () => 1),
      1,
      7,
    ).every((batch) => batch.length <= 7),
  ).toBe(true)
  expect(sizes([], 2, 20)).toEqual([])
})

test('every table is in exactly one batch', () => {
  const tables = Array.from({ length: 1000 }, (_, i) => (i * 7919) % 1009)
  expect(
    sizes(tables, 3, 50)
      .flat()
      .sort((a, b) => a - b),
  ).toEqual(tables.sort((a, b) => a - b))
})
