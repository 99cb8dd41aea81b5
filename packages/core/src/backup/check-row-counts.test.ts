import { expect, test } from 'vitest'
import { checkRowCounts } from './check-row-counts.ts'

test('equal counts pass', () => {
  checkRowCounts([
    { name: 'public.a', written: 3, counted: 3 },
    { name: 'public.empty', written: 0, counted: 0 },
  ])
})

test('a row too few, a row too many and a table never counted are each a mismatch, by name', () => {
  for (const [written, counted] of [
    [2, 3],
    [3, 2],
    [0, undefined],
  ] as const) {
    expect(() => checkRowCounts([{ name: 'public.a', written, counted }])).toThrow(
      expect.objectContaining({ code: 'ROW_COUNT_MISMATCH', message: expect.stringContaining('public.a') }),
    )
  }
})
