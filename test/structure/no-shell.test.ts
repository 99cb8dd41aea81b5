import { expect, test } from 'vitest'
import { readSources } from './sources.ts'

/** Ways to start a shell. Programs are started from an array of arguments, never from a line of text. */
const shells: [what: string, pattern: RegExp][] = [
  ['the shell option', /\bshell\s*:\s*(?!false\b)/],
  ['exec or execSync of child_process', /import\s*\{[^}]*\bexec(Sync)?\b[^}]*\}\s*from\s*'(node:)?child_process'/],
  ['child_process as a whole', /import\s+(\*\s+as\s+)?\w+\s+from\s*'(node:)?child_process'/],
  ['a command line for execa', /\b(execaCommand|parseCommandString)\b/],
  ['a shell by name', /(spawn|execa|execFile|run)(Sync)?\(\s*['"`](\/bin\/|\/usr\/bin\/)?(ba|da|z)?sh['"`]/],
]
/** What says how a pattern looks is not a use of it. */
const sources = readSources('{packages,examples,scripts,test}/**/*.{ts,tsx,mjs,js}', { tests: true }).filter(
  ({ path }) => !path.startsWith('test/structure/'),
)

/** Where a shell itself is what is tested. */
const tried: Readonly<Record<string, readonly string[]>> = {
  // Completion, in a real zsh.
  'a shell by name': ['test/cli/terminal.test.ts'],
}

test.each(shells)('nothing uses %s', (what, pattern) => {
  expect(sources.length).toBeGreaterThan(50)
  expect(sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path)).toEqual(tried[what] ?? [])
})

test('the patterns find what they look for', () => {
  const examples = [
    `spawn('ls', { ${'shell'}: true })`,
    `import { ${'exec'}, spawn } from 'node:child_process'`,
    `import * as children from 'node:child_process'`,
    'await execaCommand(line)',
    `spawn('/bin/sh', ['-c', line])`,
  ]
  for (const [index, [, pattern]] of shells.entries()) expect(examples[index]).toMatch(pattern)
  expect('const match = pattern.exec(text)').not.toMatch(shells[1]![1])
})
