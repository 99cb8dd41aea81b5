import { describe, expect, test } from 'vitest'
import { type CountedTable, describeOddRows, judgeRows } from './odd-rows.ts'

let oid = 1
const table = (name: string, rows: number, more: Partial<CountedTable> = {}): CountedTable => ({
  ...{ oid: oid++, table: `public.${name}`, rows, freshRows: null, fingerprint: 'f', isExcluded: false },
  ...more,
})
const same = { oid: 7 }

describe('what became of the rows between two backups', () => {
  const cases: [string, before: CountedTable[], after: CountedTable[], found: string[]][] = [
    ['nothing', [table('a', 5000)], [table('a', 5000)], []],
    ['emptied', [table('a', 100)], [table('a', 0)], ['emptied public.a']],
    ['a queue of a few that is empty now', [table('a', 99)], [table('a', 0)], []],
    ['30 % lost', [table('a', 1000)], [table('a', 700)], []],
    ['more than that', [table('a', 1000)], [table('a', 699)], ['lost public.a']],
    ['a small table', [table('a', 999)], [table('a', 1)], []],
    ['gone', [table('a', 1000)], [], ['vanished public.a']],
    ['a small one gone', [table('a', 999)], [], []],
    ['renamed', [table('a', 1000, same)], [table('b', 1000, same)], []],
    ['renamed and emptied', [table('a', 1000, same)], [table('b', 0, same)], ['emptied public.b']],
    ['made again under its name', [table('a', 1000)], [table('a', 1001)], []],
    ['left out now', [table('a', 1000)], [table('a', 0, { isExcluded: true })], []],
    ['left out before', [table('a', 1000, { isExcluded: true })], [], []],
    ['all rows rewritten', [table('a', 1000)], [table('a', 1000, { freshRows: 1000 })], ['rewritten public.a']],
    ['half of them', [table('a', 1000)], [table('a', 1000, { freshRows: 500 })], []],
    ['many new ones are growth', [table('a', 1000)], [table('a', 3000, { freshRows: 2000 })], []],
    [
      'new ones, and all old ones too',
      [table('a', 1000)],
      [table('a', 3000, { freshRows: 3000 })],
      ['rewritten public.a'],
    ],
    ['other columns: a migration', [table('a', 1000)], [table('a', 1000, { freshRows: 1000, fingerprint: 'g' })], []],
    [
      'the oldest partition dropped, a new one made',
      [table('log_2026_01', 5000), table('log_2026_02', 5000), table('log_2026_03', 5000), table('log_2026_04', 5000)],
      [table('log_2026_02', 5000), table('log_2026_03', 5000), table('log_2026_04', 5000), table('log_2026_05', 10)],
      [],
    ],
    [
      'most partitions dropped',
      [table('log_1', 5000), table('log_2', 5000), table('log_3', 5000)],
      [table('log_3', 5000)],
      ['vanished public.log_1', 'vanished public.log_2'],
    ],
    [
      'the most rows come first',
      [table('a', 1000), table('b', 9000)],
      [table('a', 0), table('b', 0)],
      ['emptied public.b', 'emptied public.a'],
    ],
  ]
  test.each(cases)('%s', (_, before, after, found) => {
    expect(judgeRows(before, after).map(({ kind, table: name }) => `${kind} ${name}`)).toEqual(found)
  })
  test('in words', () => {
    const found = judgeRows(
      [table('a', 1000), table('b', 2000)],
      [table('a', 500), table('b', 2000, { freshRows: 1500 })],
    )
    expect(found.map(describeOddRows)).toEqual([
      'About 75 % of the rows of public.b were rewritten: 2,000 before, 2,000 now.',
      'public.a lost 50 % of its rows: 1,000 before, 500 now.',
    ])
  })
})
