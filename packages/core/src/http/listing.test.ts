import { expect, test } from 'vitest'
import { toCsv } from './csv.ts'
import { page } from './listing.ts'

const rows = [
  { id: 'b', size: 10, name: 'Zebra', tags: { env: 'prod' } as object | null },
  { id: 'a', size: 9, name: 'apple', tags: null },
  { id: 'c', size: null, name: 'Mango', tags: null },
]
const options = {
  url: new URL('http://h/api/backups/?x=1&page=2'),
  searchable: ['name', 'tags'] as const,
  sortable: ['id', 'size', 'name'] as const,
}
const ids = (request: Partial<Parameters<typeof page>[1]>) =>
  page(rows, { page: 1, page_size: 10, ...request }, options).results.map(({ id }) => id)

test('search looks into every searchable field, whatever the case', () => {
  expect(ids({ search: 'APP' })).toEqual(['a'])
  expect(ids({ search: 'prod' })).toEqual(['b'])
  expect(ids({ search: 'null' })).toEqual([])
})

test('numbers sort as numbers, and what is not known comes last', () => {
  expect(ids({})).toEqual(['b', 'a', 'c'])
  expect(ids({ sort: 'size' })).toEqual(['a', 'b', 'c'])
  expect(ids({ sort: '-size' })).toEqual(['b', 'a', 'c'])
  expect(() => ids({ sort: 'tags' })).toThrow(expect.objectContaining({ code: 'invalid' }))
  expect(() => ids({ sort: '__proto__' })).toThrow()
})

test('pages carry links with the rest of the query', () => {
  const at = (number: number) => page(rows, { page: number, page_size: 2 }, options)
  expect(at(1)).toMatchObject({ count: 3, next: '/api/backups/?x=1&page=2', previous: null })
  expect(at(2)).toMatchObject({ next: null, previous: '/api/backups/?x=1&page=1', results: [{ id: 'c' }] })
  expect(at(9)).toMatchObject({ next: null, previous: '/api/backups/?x=1&page=2', results: [] })
})

test('CSV quotes what needs it, and no cell is a formula', () => {
  const nasty = [
    { name: 'a,b', note: 'say "hi"', n: -5 },
    { name: '=HYPERLINK("x")', note: 'line\nbreak', n: null },
    { name: '+1', note: '@x', n: 0 },
  ]
  expect(toCsv(nasty, ['name', 'note', 'n'])).toBe(
    'name,note,n\r\n"a,b","say ""hi""",-5\r\n"\'=HYPERLINK(""x"")","line\nbreak",\r\n\'+1,\'@x,0\r\n',
  )
})
