import { expect, test } from 'vitest'
import { splitWords } from './passphrase-command.ts'

test.each<[string, string[]]>([
  ['pass show backups', ['pass', 'show', 'backups']],
  ['  pass   show  ', ['pass', 'show']],
  [`op read "op://vault/my item/password"`, ['op', 'read', 'op://vault/my item/password']],
  [`cat '/a b/it'"'"'s'`, ['cat', "/a b/it's"]],
  ['cat /a\\ b "c\\"d" \'e\\f\'', ['cat', '/a b', 'c"d', 'e\\f']],
  [`one "" ''`, ['one', '', '']],
])('%s', (line, words) => {
  expect(splitWords(line)).toEqual(words)
})

test.each(['', '  ', 'cat "open', "cat 'open"])('%s is refused', (line) => {
  expect(() => splitWords(line)).toThrow('The command that prints the passphrase')
})
