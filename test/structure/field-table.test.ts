import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

/** Tables of what has to hold, with the test that shows it: how many tests each names at least, and its sections. */
const tables = [
  {
    ...{ file: 'test/field/README.md', tests: 100 },
    sections: ['1', '2', '3', '4', '5', '6', '7', '8', '9'],
  },
  {
    ...{ file: 'test/migrations/README.md', tests: 20 },
    sections: ['1', '2', '3', '4', '5', '7'],
  },
  {
    ...{ file: 'test/ease/README.md', tests: 60 },
    sections: ['1', '2', '3', '4', '5', '6', '7'],
  },
]

test.each(tables)('every test that $file names is there', ({ file, tests, sections }) => {
  const table = readFileSync(join(root, file), 'utf8')
  const named = [...table.matchAll(/`([^`\s]+\.ts)` \("(.*?)"\)(?=<br>| \|)/g)]
  expect(named.length).toBeGreaterThan(tests)
  const missing = named.filter(([, path = '', name = '']) => {
    const whole = join(root, path)
    if (!existsSync(whole)) return true
    // As it stands in the source, where a quote in it may be escaped.
    return !readFileSync(whole, 'utf8').replaceAll("\\'", "'").includes(name)
  })
  expect(missing.map(([text]) => text)).toEqual([])
  const found = new Set([...table.matchAll(/^\| (\d)(?:\.\d+)? /gm)].map(([, section]) => section))
  expect([...found].sort()).toEqual(sections)
})
