import { expect, test } from 'vitest'
import { draftOf, readDraft } from '../../packages/admin-ui/app/forms/draft.ts'
import { fieldSpec, type JsonSchema } from '../../packages/admin-ui/app/forms/field-spec.ts'

const spec = (schemas: Record<string, JsonSchema>, required: string[] = []) =>
  Object.entries(schemas).map(([name, schema]) => fieldSpec(name, schema, required.includes(name)))

const fields = spec(
  {
    name: { type: 'string', maxLength: 200 },
    pinned: { type: 'boolean' },
    repair: { type: 'boolean', description: 'Repair it. Default: as configured.' },
    days: { type: 'integer', minimum: 1, maximum: 3650 },
    tags: { type: 'object', additionalProperties: { type: 'string' } },
    lock_budget_ms: { anyOf: [{ type: 'integer' }, { type: 'string', const: 'wait' }] },
    exclude: { type: 'object', properties: { tables: { type: 'array', items: { type: 'string' } } } },
    level: { type: 'string', enum: ['a', 'b'], default: 'a' },
    table: { type: 'string' },
  },
  ['table'],
)
const start = draftOf(fields)

test('a form that was not filled in says only what is needed', () => {
  expect(readDraft(fields, start, start)).toEqual({ input: {}, problems: { table: 'This is needed.' } })
})

test('what was typed is sent as its schema has it', () => {
  const draft = {
    ...{ name: ' before 2.0 ', pinned: true, repair: 'false', days: '30', level: 'b', table: 'orders' },
    ...{ tags: 'release=2.0\naudited', lock_budget_ms: '5000', exclude: { tables: 'a.b\n\n c.d ' } },
  }
  expect(readDraft(fields, draft, start)).toEqual({
    problems: {},
    input: {
      ...{ name: 'before 2.0', pinned: true, repair: false, days: 30, level: 'b', table: 'orders' },
      ...{ tags: { release: '2.0', audited: '' }, lock_budget_ms: 5000, exclude: { tables: ['a.b', 'c.d'] } },
    },
  })
  expect(readDraft(fields, { ...draft, lock_budget_ms: 'wait' }, start).input.lock_budget_ms).toBe('wait')
})

test('numbers out of bounds are named before anything is sent', () => {
  const { input, problems } = readDraft(fields, { ...start, days: '0', table: 'x' }, start)
  expect([input, problems]).toEqual([{ table: 'x' }, { days: 'From 1 to 3650.' }])
})

test('what was there and has been emptied is sent empty; what was left is not sent', () => {
  const known = draftOf(fields, { name: 'old', tags: { a: '1' }, table: 'orders' })
  expect(known.tags).toBe('a=1')
  const { input } = readDraft(fields, { ...known, name: '', tags: '' }, known)
  expect(input).toEqual({ name: '', tags: {}, table: 'orders' })
})
