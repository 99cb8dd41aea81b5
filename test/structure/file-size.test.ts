import { expect, test } from 'vitest'
import { readSources } from './sources.ts'

const lines = readSources('packages/core/src/**/*.ts')
  .map((source) => source.lines)
  .sort((a, b) => a - b)

test('a file is one idea: half of them have at most 130 lines, nine of ten at most 350', () => {
  expect(lines[Math.floor(lines.length / 2)]).toBeLessThanOrEqual(130)
  expect(lines[Math.floor(lines.length * 0.9)]).toBeLessThanOrEqual(350)
})

test('nothing is left for later in the sources', () => {
  const marks = /\b(TODO|FIXME|XXX|HACK)\b|@ts-ignore|\.only\(/
  const found = readSources('packages/*/src/**/*.{ts,tsx}', { tests: true }).filter(({ text }) => marks.test(text))
  expect(found.map(({ path }) => path)).toEqual([])
})
