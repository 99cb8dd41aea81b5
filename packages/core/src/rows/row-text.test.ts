import { expect, test } from 'vitest'
import { fieldText, keyOf, rawFields, rowValues } from './row-text.ts'

test('fields of COPY text: escapes, NULL, empty values, none at all', () => {
  const line = Buffer.from('1\ta\\tb\\\\n\t\\N\t\t\\\\N\n')
  expect(rawFields(line).map(fieldText)).toEqual(['1', 'a\tb\\n', null, '', '\\N'])
  expect(rowValues(line, ['id', 'v', 'w', 'x', 'y'])).toEqual({ id: '1', v: 'a\tb\\n', w: null, x: '', y: '\\N' })
  expect(rowValues(Buffer.from('\n'), [])).toEqual({})
})

test('a key is told apart by where its fields end', () => {
  const key = (line: string) => keyOf(Buffer.from(line), [0, 1]).toString()
  expect(key('1\t23\tx\n')).not.toBe(key('12\t3\tx\n'))
  expect(key('1\t23\tx\n')).toBe(key('1\t23\ty\n'))
})
