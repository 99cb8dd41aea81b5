import { expect, test } from 'vitest'
import { type ListOrder, sortAndSearch } from './listing.ts'

const rows = [
  { id: 'b', size: 10, name: 'Zebra', tags: { env: 'prod' } as object | null },
  { id: 'a', size: 9, name: 'apple', tags: null },
  { id: 'c', size: null, name: 'Mango', tags: null },
]
const fields = { searchable: ['name', 'tags'] as const, sortable: ['id', 'size', 'name'] as const }
const ids = (order: ListOrder) => sortAndSearch(rows, order, fields).map(({ id }) => id)

test('search looks into every searchable field, whatever the case', () => {
  expect(ids({ search: 'APP' })).toEqual(['a'])
  expect(ids({ search: 'prod' })).toEqual(['b'])
  expect(ids({ search: 'null' })).toEqual([])
})

test('numbers sort as numbers, and what is not known comes last', () => {
  expect(ids({})).toEqual(['b', 'a', 'c'])
  expect(ids({ sort: 'size' })).toEqual(['a', 'b', 'c'])
  expect(ids({ sort: '-size' })).toEqual(['b', 'a', 'c'])
  expect(() => ids({ sort: 'tags' })).toThrow(expect.objectContaining({ code: 'INVALID' }))
  expect(() => ids({ sort: '__proto__' })).toThrow()
})
