import { expect, test } from 'vitest'
import { maskedSchemaOf } from '../masking/masked-schema.ts'
import type { TableRecord } from '../repository/documents/documents.ts'
import { matchRows, type RowsAndSchema } from './match-rows.ts'

const table = (name: string, rows: number): TableRecord =>
  ({
    schema: 'public',
    name,
    rows,
    bytes: rows,
    columns: ['id'],
    load_via: null,
    segments: [],
  }) as unknown as TableRecord
const sequence = (name: string, last_value: string) => ({ oid: 1, schema: 'public', name, last_value, is_called: true })

function side(tables: TableRecord[], sequences: ReturnType<typeof sequence>[], encoding = 'UTF8'): RowsAndSchema {
  const entries = tables.map(({ name }) => ({
    ...{ kind: 'TABLE', schema: 'public', tag: name },
    definition: `CREATE TABLE public.${name} (\n    id integer\n);`,
  }))
  return { tables, sequences, encoding, schema: maskedSchemaOf(entries) }
}

const about = {
  ledgers: new Set(['public.ledger']),
  sequenceOwners: new Map([['public.ledger_id_seq', 'public.ledger']]),
}

test('the record of migrations and its sequence are those of the definitions, whatever the file says', () => {
  const file = side([table('a', 5), table('ledger', 99)], [sequence('ledger_id_seq', '99'), sequence('a_id_seq', '5')])
  const own = side(
    [table('a', 1), table('ledger', 3), table('b', 7)],
    [sequence('ledger_id_seq', '3'), sequence('a_id_seq', '1'), sequence('b_id_seq', '7')],
  )
  const { tables, sequences, problems, notes } = matchRows(file, own, about)
  expect(tables.map(({ name, rows }) => [name, rows])).toEqual([
    ['a', 5],
    ['ledger', 3],
  ])
  expect(sequences.map(({ name, last_value }) => [name, last_value])).toEqual([
    ['ledger_id_seq', '3'],
    ['a_id_seq', '5'],
  ])
  expect(problems).toEqual([])
  expect(notes).toEqual([expect.stringMatching(/public\.b\./), expect.stringMatching(/public\.b_id_seq\./)])
})

test('another encoding is refused, and nothing goes past it', () => {
  const { problems } = matchRows(side([table('a', 1)], [], 'LATIN1'), side([table('a', 1)], []), about)
  expect(problems).toEqual([expect.objectContaining({ code: 'ROWS_OTHER_ENCODING' })])
  expect(problems[0]).not.toHaveProperty('override')
})
