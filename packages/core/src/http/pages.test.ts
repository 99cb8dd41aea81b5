import { expect, test } from 'vitest'
import { toCsv } from '../actions/csv.ts'
import { pageOf } from './pages.ts'

const rows = [{ id: 'a' }, { id: 'b' }, { id: 'c' }]
const url = new URL('http://h/api/backups/?x=1&page=2')

test('pages carry links with the rest of the query', () => {
  const at = (number: number) =>
    pageOf(rows.slice((number - 1) * 2, number * 2), rows.length, { page: number, page_size: 2 }, url)
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
