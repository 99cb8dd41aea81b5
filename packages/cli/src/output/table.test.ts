import { expect, test } from 'vitest'
import { formatTable } from './table.ts'

const columns = [
  { title: '#', align: 'right' as const },
  { title: 'read', align: 'right' as const, spare: 1 },
  { title: 'type', spare: 2 },
  { title: 'name' },
]
const rows = [
  ['1', '20 MB', 'full', 'before the release of the summer'],
  ['12', '3 kB', 'incremental', 'nightly'],
]

test('columns align, numbers to the right', () => {
  expect(formatTable(columns, rows)).toBe(
    [
      ' #   read  type         name',
      ' 1  20 MB  full         before the release of the summer',
      '12   3 kB  incremental  nightly',
    ].join('\n'),
  )
})

test('where it is narrow, spare columns go one by one, and the last one is cut', () => {
  expect(formatTable(columns, rows, 48)).toBe(
    [
      ' #   read  type         name',
      ' 1  20 MB  full         before the release of t…',
      '12   3 kB  incremental  nightly',
    ].join('\n'),
  )
  expect(formatTable(columns, rows, 37)).toBe(
    [' #  type         name', ' 1  full         before the release …', '12  incremental  nightly'].join('\n'),
  )
  expect(formatTable(columns, rows, 24)).toBe([' #  name', ' 1  before the release …', '12  nightly'].join('\n'))
})

test('columns that a reader needs stay', () => {
  expect(formatTable(columns, rows, 5)).toBe([' #  name', ' 1  before the …', '12  nightly'].join('\n'))
})
