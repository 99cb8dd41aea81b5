import { expect, test } from 'vitest'
import { askedRange } from './byte-range.ts'

const file = { size: 1000, etag: '"a"' }

test.each([
  ['bytes=0-0', { start: 0, end: 1 }],
  ['bytes=0-999', { start: 0, end: 1000 }],
  ['bytes=10-19', { start: 10, end: 20 }],
  ['bytes=990-5000', { start: 990, end: 1000 }],
  ['bytes=999-', { start: 999, end: 1000 }],
  ['bytes=0-', { start: 0, end: 1000 }],
  ['Bytes= 5-6 ', { start: 5, end: 7 }],
  ['bytes=-1', { start: 999, end: 1000 }],
  ['bytes=-1000', { start: 0, end: 1000 }],
  ['bytes=-99999999999999999999999', { start: 0, end: 1000 }],
  ['bytes=1000-', 'unsatisfiable'],
  ['bytes=1000-1001', 'unsatisfiable'],
  ['bytes=99999999999999999999999-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  [null, null],
  ['', null],
  ['bytes=-', null],
  ['bytes=', null],
  ['bytes=20-10', null],
  ['bytes=0-1,5-6', null],
  ['bytes=0-1, -5', null],
  ['bytes=a-b', null],
  ['bytes=1.5-2', null],
  ['bytes=+1-2', null],
  ['lines=1-2', null],
])('%s of a file of 1000 bytes', (range, expected) => {
  expect(askedRange({ range, ifRange: null }, file)).toEqual(expected)
})

test.each([
  ['"a"', { start: 1, end: 3 }],
  ['"b"', null],
  ['W/"a"', null],
  ['Sat, 28 Nov 2026 00:00:00 GMT', null],
  ['', null],
])('a part only where If-Range is the tag: %s', (ifRange, expected) => {
  expect(askedRange({ range: 'bytes=1-2', ifRange }, file)).toEqual(expected)
})
