import { expect, test } from 'vitest'
import { type AskedTarget, targetRefusal } from './restore-targets.ts'

const swap: AskedTarget = { asked: undefined, own: 'shop', strategy: 'swap', intoOther: false, listed: [] }
const made: AskedTarget = { ...swap, strategy: 'new-database' }

test.each<[string, AskedTarget, 'allowed' | 'refused']>([
  ['the configured database', swap, 'allowed'],
  ['the configured database, by its name', { ...swap, asked: 'shop' }, 'allowed'],
  ['a configured database that is called postgres', { ...swap, own: 'postgres', asked: 'postgres' }, 'allowed'],
  ['a new one named after it', { ...made, asked: 'shop_yesterday' }, 'allowed'],
  ['one named after it that would be replaced', { ...swap, asked: 'shop_yesterday' }, 'refused'],
  ['a new one of another name', { ...made, asked: 'blog' }, 'refused'],
  ['postgres', { ...swap, asked: 'postgres' }, 'refused'],
  ['template1', { ...made, asked: 'template1' }, 'refused'],
  ['postgres, although it is listed', { ...swap, asked: 'postgres', listed: ['postgres', '*'] }, 'refused'],
  ['a template, although a pattern means it', { ...made, asked: 'template_x', listed: ['*'] }, 'refused'],
  ['a listed one', { ...swap, asked: 'staging', listed: ['staging'] }, 'allowed'],
  ['one that a pattern means', { ...swap, asked: 'staging_2', listed: ['staging_*'] }, 'allowed'],
  ['a name that only begins with a listed one', { ...swap, asked: 'staging_2', listed: ['staging'] }, 'refused'],
  ['a backup of another database, into the configured one', { ...swap, intoOther: true }, 'refused'],
  ['the same, where it is listed', { ...swap, intoOther: true, listed: ['shop'] }, 'allowed'],
  ['the same, into a new one', { ...made, asked: 'shop_new', intoOther: true }, 'refused'],
])('%s', (_, asked, expected) => {
  expect(targetRefusal(asked) === null ? 'allowed' : 'refused').toBe(expected)
})
