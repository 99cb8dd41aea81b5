import { expect, test } from 'vitest'
import type { Segment, TableRecord } from '../repository/documents/documents.ts'
import { comparableSegment, voidedTable } from './compare-table.ts'
import { chooseSample } from './sample.ts'

const now = {
  oid: 1,
  schema: 'public',
  name: 't',
  relkind: 'r',
  relfilenode: 10,
  access_method: 'heap',
  columns: ['a'],
  fingerprint: 'f',
  comparable: true,
  condition: null,
  load_via: null,
  rows_excluded: false,
  blocks: 1,
  total_bytes: 8192,
  divisible: true,
  permanent: true,
}
const base = { ...now, rows: 1, bytes: 2, segment_blocks: 1024, segments: [] } as TableRecord

test.each<[string, Partial<TableRecord> | undefined, Partial<typeof now>, string | null]>([
  ['the same', {}, {}, null],
  ['renamed', { name: 'old', schema: 'other' }, {}, null],
  ['new', undefined, {}, 'new table'],
  ['left out now', {}, { rows_excluded: true }, 'rows left out'],
  ['left out then', { rows_excluded: true }, {}, 'its rows were left out before'],
  ['rewritten', {}, { relfilenode: 11 }, 'relfilenode changed'],
  ['other columns', {}, { fingerprint: 'g' }, 'columns or types changed'],
  ['not comparable now', {}, { comparable: false }, 'a column prints what other rows or unknown code say'],
  ['not comparable then', { comparable: false }, {}, 'a column prints what other rows or unknown code say'],
  ['columnar', { access_method: 'columnar' }, { access_method: 'columnar' }, 'access method columnar'],
  ['made a heap since', { access_method: 'columnar' }, {}, 'access method changed'],
  ['a condition', { condition: 'WHERE true' }, {}, 'read under a condition'],
  ['a condition now', {}, { condition: 'WHERE true' as never }, 'read under a condition'],
])('%s', (_, before, present, expected) => {
  expect(voidedTable(before && { ...base, ...before }, { ...now, ...present })).toBe(expected)
})

test('ranges are compared with the segment that covers them and begins where they do', () => {
  const segment = (start: number, end: number | null): Segment => ({
    start,
    end,
    blocks: 1,
    rows: 0,
    bytes: 0,
    chunks: [],
  })
  const earlier = new Map([segment(0, 10), segment(10, 20), segment(20, null)].map((one) => [one.start, one]))
  const compare = (start: number, end: number | null) => comparableSegment(earlier, { start, end, blocks: 1 })?.start
  expect(compare(0, 10)).toBe(0)
  expect(compare(20, null)).toBe(20)
  // Rows of an open one all lay before its end then; what is there now of them can only be fewer.
  expect(compare(20, 30)).toBe(20)
  expect(compare(30, null)).toBeUndefined()
  expect(compare(10, null)).toBeUndefined()
  expect(compare(0, 20)).toBeUndefined()
  expect(compare(5, 10)).toBeUndefined()
})

test('the sample takes each unchanged segment once in so many backups', () => {
  const segment = { start: 0, end: null, blocks: 1, rows: 0, bytes: 0, chunks: [] }
  const changes = [
    { takenOver: Array.from({ length: 130 }, () => segment), counted: null, voided: null },
    { takenOver: [undefined, segment, undefined], counted: null, voided: null },
    { takenOver: [undefined], counted: null, voided: 'new table' },
  ].map((change, table) => ({ table, change }))
  const seen = new Set<string>()
  for (let turn = 7; turn < 107; turn++) {
    const sample = chooseSample(changes, { share: 0.01, turn })
    expect([1, 2]).toContain(sample.length)
    for (const one of sample) seen.add(`${one.of.table}/${one.segment}`)
  }
  expect(seen.size).toBe(131)
  expect(seen.has('1/1')).toBe(true)
  expect(chooseSample(changes, { share: 0, turn: 1 })).toEqual([])
  expect(chooseSample(changes, { share: 1, turn: 1 })).toHaveLength(131)
})
