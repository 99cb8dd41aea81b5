import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from './sources.ts'

test('every test that test/field/README.md names is there', () => {
  const table = readFileSync(join(root, 'test/field/README.md'), 'utf8')
  const named = [...table.matchAll(/`([^`\s]+\.test\.ts)` \("(.*?)"\)(?=<br>| \|)/g)]
  expect(named.length).toBeGreaterThan(100)
  const missing = named.filter(([, file = '', name = '']) => {
    const path = join(root, file)
    if (!existsSync(path)) return true
    // As it stands in the source, where a quote in it may be escaped.
    return !readFileSync(path, 'utf8').replaceAll("\\'", "'").includes(name)
  })
  expect(missing.map(([text]) => text)).toEqual([])
  const sections = new Set([...table.matchAll(/^\| (\d)(?:\.\d)? /gm)].map(([, section]) => section))
  expect([...sections].sort()).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9'])
})
