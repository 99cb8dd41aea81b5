import { expect, test } from 'vitest'
import { forTerminal, widthOf, wrapLine } from './terminal.ts'

test('a long line is broken between words and goes on below its text', () => {
  expect(wrapLine('   6. Build indexes, constraints and triggers', 24)).toEqual([
    '   6. Build indexes,',
    '      constraints and',
    '      triggers',
  ])
  expect(wrapLine('✗ one two three', 10)).toEqual(['✗ one two', '  three'])
  expect(wrapLine('    Repair it from a copy', 16)).toEqual(['    Repair it', '    from a copy'])
  expect(wrapLine('  advice  Check host and port', 22)).toEqual(['  advice  Check host', '          and port'])
})

test('what fits stays, and so does a word that is longer than the terminal, and a command to be copied', () => {
  expect(wrapLine('exactly', 7)).toEqual(['exactly'])
  expect(wrapLine('see /a/path/that/is/long now', 10)).toEqual(['see', '/a/path/that/is/long', 'now'])
  const command = 'Next: lifeboat backup --repository ./backups'
  expect(wrapLine(command, 20)).toEqual([command])
})

test('a label of half the width or more is no column of its own', () => {
  expect(wrapLine('a label that is long  text goes on', 20)).toEqual(['a label that is long', 'text goes on'])
})

test('without a terminal nothing is broken or coloured', () => {
  const pipe = { isTTY: false } as NodeJS.WriteStream
  const line = `✓ ${'word '.repeat(100)}`
  expect(forTerminal(line, pipe)).toBe(line)
  expect(widthOf(pipe)).toBe(Number.POSITIVE_INFINITY)
})
