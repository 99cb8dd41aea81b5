import { expect, test } from 'vitest'
import { formatAge, formatBytes, formatCount, formatCounted, formatDuration, plainText } from './format.ts'
import { progressLine } from './progress.ts'

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.00 kB'],
  [999_499, '999 kB'],
  [999_501, '1.00 MB'],
  [1_652_000_000, '1.65 GB'],
  [9.996e12, '10.0 TB'],
])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

test.each([
  [12, '12 ms'],
  [3400, '3.4 s'],
  [59_940, '59.9 s'],
  [125_000, '2 min 05 s'],
  [11_220_000, '3 h 07 min'],
])('%d ms are %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

test.each([
  [5_000, 'just now'],
  [60_000, '1 minute ago'],
  [7_200_000, '2 hours ago'],
  [3 * 86_400_000, '3 days ago'],
])('%d ms ago is %s', (ms, text) => expect(formatAge(ms)).toBe(text))

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [-123456, '-123,456'],
  [9_007_199_254_740_991, '9,007,199,254,740,991'],
])('%d with thousands told apart is %s', (count, text) => expect(formatCount(count)).toBe(text))

test('text from elsewhere cannot steer the terminal', () => {
  expect(plainText('a\u001b[31mred\r\n')).toBe('a\\u001b[31mred\\r\\n')
  // What JSON does not escape: DEL, a C1 control sequence, marks that turn text around or hide it, line ends.
  expect(plainText('a\u007f\u009b31m\u202eb\u200b\ufeff\u2028')).toBe('a\\u007f\\u009b31m\\u202eb\\u200b\\ufeff\\u2028')
  expect(plainText('\u{e0041}')).toBe('\\u{e0041}')
  expect(plainText('ünï 漢字')).toBe('ünï 漢字')
})

test('a progress line says how far, how fast and how long', () => {
  const line = progressLine({ type: 'progress', phase: 'rows', bytes: 50e6, bytesTotal: 100e6, rows: 1234 }, 5000, 0)
  expect(line).toBe('rows   50 %  50.0 MB of 100 MB  1,234 rows  10.0 MB/s  5.0 s left')
})

test('one is counted in the singular', () => {
  expect([0, 1, 1200].map((count) => formatCounted(count, 'row'))).toEqual(['0 rows', '1 row', '1,200 rows'])
  expect([1, 2].map((count) => formatCounted(count, 'index', 'indexes'))).toEqual(['1 index', '2 indexes'])
})
