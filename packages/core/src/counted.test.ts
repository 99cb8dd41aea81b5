import { expect, test } from 'vitest'
import { counted } from './counted.ts'

test.each([
  [1, '1 role'],
  [0, '0 roles'],
  [2, '2 roles'],
  [1_222_000, '1,222,000 roles'],
])('%d', (count, text) => expect(counted(count, 'role')).toBe(text))

test('a plural of its own', () => expect(counted(2, 'index', 'indexes')).toBe('2 indexes'))
