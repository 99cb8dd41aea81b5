import { expect, test } from 'vitest'
import { copyDatabaseName, isKeptDatabaseName, keptDatabaseName, newRestoreId, restoreIdOfCopy } from './names.ts'
import { formatRestoreComment, parseRestoreComment } from './undo/database-comment.ts'

const at = new Date('2026-11-23T04:05:06.789Z')

test.each([
  ['shop', 'shop_before_20261123040506'],
  ['x'.repeat(63), `${'x'.repeat(41)}_before_20261123040506`],
  ['ä'.repeat(31), `${'ä'.repeat(20)}_before_20261123040506`],
  ['😀'.repeat(15), `${'😀'.repeat(10)}_before_20261123040506`],
  ['a"b\n', 'a"b\n_before_20261123040506'],
])('the kept name of %j is %j', (database, kept) => {
  expect(keptDatabaseName(database, at)).toBe(kept)
  expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(63)
  expect(isKeptDatabaseName(kept, database)).toBe(true)
  expect(isKeptDatabaseName(kept, `other ${database}`)).toBe(false)
  expect(isKeptDatabaseName(database, database)).toBe(false)
})

test('a name that is taken moves on, over the end of a minute too', () => {
  const last = new Date('2026-12-31T23:59:59Z')
  const taken = ['shop_before_20261231235959', 'shop_before_20270101000000']
  expect(keptDatabaseName('shop', last, taken)).toBe('shop_before_20270101000001')
})

test('only a name of ours is a copy', () => {
  const id = newRestoreId()
  expect(restoreIdOfCopy(copyDatabaseName(id))).toBe(id)
  for (const name of [
    'shop',
    'lifeboat_copy_',
    'lifeboat_copy_x',
    `x${copyDatabaseName(id)}`,
    `${copyDatabaseName(id)}x`,
  ]) {
    expect(restoreIdOfCopy(name)).toBeUndefined()
  }
})

test('a comment survives its text form; anything else is not one', () => {
  const facts = {
    restore: newRestoreId(),
    backup: 'b000000000000000',
    state: 'kept' as const,
    database: `it's "x"`,
    comment: '\n',
    connection_limit: -1,
    at: at.toISOString(),
    keep_until: null,
    safety_backup: null,
  }
  const text = formatRestoreComment(facts)
  expect(parseRestoreComment(text)).toMatchObject(facts)
  for (const other of [null, '', 'x', '{', '{}', text.replace('kept', 'live'), text.replace('lifeboat restore', 'x')]) {
    expect(parseRestoreComment(other)).toBeUndefined()
  }
})
