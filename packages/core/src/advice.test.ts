import { expect, test } from 'vitest'
import { inWords } from './advice.ts'
import { EngineError } from './errors.ts'

// `lifeboat doctor` and the plans of restores showed tokens as they are: "Make one: {backups.create}."
test.each([
  ['http', 'Make one: `POST backups/create/`.'],
  ['command', 'Make one: `lifeboat backup`.'],
  ['library', 'Make one: `engine.backups.create()`.'],
  ['scheduler', 'Make one: `engine.backups.create()`.'],
])('a result speaks the words of its face: %s', (face, advice) => {
  const result = { checks: [{ id: 'backup.recent', advice: 'Make one: {backups.create}.' }], at: new Date(0) }
  expect(inWords(face, result)).toEqual({ ...result, checks: [{ id: 'backup.recent', advice }] })
})

test('names and what has no tokens stay, and what does not change is not copied', () => {
  const result = { name: '{backups.create}', text: 'Nothing {here} is known.', tags: { release: '{backups.list}' } }
  expect(inWords('command', result)).toBe(result)
})

test('the message of an error is in the words of the library, and its template in those of any face', () => {
  const error = new EngineError('RESTORE_REFUSED', 'Roles are missing. Use {createRoles}.')
  expect(error.message).toBe('Roles are missing. Use `createRoles: true`.')
  expect(error.messageTemplate).toBe('Roles are missing. Use {createRoles}.')
})

test('lists of texts, such as the problems of a drill, are in the words of the face too', () => {
  const found = {
    problems: ['Say {intoOther}.', 'Nothing.'],
    notes: [{ text: 'See {backups.list}.' }],
    rows: ['{force}'],
  }
  expect(inWords('command', found)).toEqual({
    problems: ['Say --into-other.', 'Nothing.'],
    notes: [{ text: 'See `lifeboat list`.' }],
    rows: ['{force}'],
  })
})
