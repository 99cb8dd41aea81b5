import { expect, test } from 'vitest'
import { ledgerInspector } from '../inspectors.ts'
import { inspectorsOption } from './inspector-option.ts'

const ledger = (name: string, table: string, schema?: string) =>
  ledgerInspector({ name, table, idColumn: 'id', ...(schema === undefined ? {} : { schema }) })
const said = (value: unknown) => inspectorsOption.safeParse(value).error?.issues.map(({ message }) => message)

test('inspectors of different names and tables', () => {
  expect(said([ledger('a', 'one'), ledger('b', 'two'), ledger('c', 'one', 'other')])).toBeUndefined()
  expect(said([{ ...ledger('a', 'one'), ledgerTables: ['public.one', 'public.one', 'one'] }])).toBeUndefined()
})

test('two of one name, or of one table, are refused with what to change', () => {
  expect(said([ledger('a', 'one'), ledger('a', 'two')])).toEqual([
    'two inspectors are named a: give one of them another `name`',
  ])
  expect(said([ledger('a', 'one'), { ...ledger('b', 'two'), ledgerTables: ['one'] }])).toEqual([
    'a and b read the same migrations table public.one: keep the one whose tool writes it',
  ])
})

test('what is no inspector is refused before it is looked at', () => {
  expect(said([null, { name: 'x' }])?.[0]).toContain('a migration inspector')
})
