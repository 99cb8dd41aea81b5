import { expect, test } from 'vitest'
import { toCsv } from './csv.ts'

const written = (value: unknown) => toCsv([{ value }], ['value']).split('\r\n')[1]

test.each([
  ['=1+1', "'=1+1"],
  ['＝1+1', "'＝1+1"],
  ['＋1', "'＋1"],
  ['－1', "'－1"],
  ['＠SUM(A1)', "'＠SUM(A1)"],
  [' =1', "' =1"],
  ['\u200b=1', "'\u200b=1"],
  // Read with semicolons as separators, and the quotes of this line in the middle of a cell.
  ['a;=1', `"a;'=1"`],
  ['a; ＝1', `"a;' ＝1"`],
  ['a\t=1', `"a\t'=1"`],
  ['a\n\t-1', `"a\n\t'-1"`],
  ['\tx', `"'\tx"`],
  [{ tag: ';@x' }, `"{""tag"":"";'@x""}"`],
])('%j is no formula', (value, expected) => {
  expect(written(value)).toBe(expected)
})

test.each([
  ['before 2.0, the large one', '"before 2.0, the large one"'],
  ['1-2', '1-2'],
  [-5, '-5'],
  ['a;b', '"a;b"'],
  ['2026-11-22T12:00:00Z', '2026-11-22T12:00:00Z'],
])('%j stays as it is', (value, expected) => {
  expect(written(value)).toBe(expected)
})
