import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

/** Tables of points and the tests that hold them: how many tests each names at least, and its sections. */
const tables: [file: string, tests: number, sections: string[]][] = [
  ['test/field/README.md', 100, ['1', '2', '3', '4', '5', '6', '7', '8', '9']],
  ['test/ease/README.md', 60, ['1', '2', '3', '4', '5', '6', '7']],
]

test.each(tables)('every test that %s names is there', (file, tests, expected) => {
  const table = readFileSync(join(root, file), 'utf8')
  const named = [...table.matchAll(/`([^`\s]+\.test\.ts)` \("(.*?)"\)(?=<br>| \|)/g)]
  expect(named.length).toBeGreaterThan(tests)
  const missing = named.filter(([, file = '', name = '']) => {
    const path = join(root, file)
    if (!existsSync(path)) return true
    // As it stands in the source, where a quote in it may be escaped.
    return !readFileSync(path, 'utf8').replaceAll("\\'", "'").includes(name)
  })
  expect(missing.map(([text]) => text)).toEqual([])
  const sections = new Set([...table.matchAll(/^\| (\d)(?:\.\d+)? /gm)].map(([, section]) => section))
  expect([...sections].sort()).toEqual(expected)
})
