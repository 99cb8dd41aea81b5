import { expect, test } from 'vitest'
import { readSources } from './sources.ts'

/** `npm run demo`, `npm test` and the command itself begin on a machine with Node 20 and nothing installed. */
const first = readSources('{scripts,packages/cli/bin}/**/*.mjs')

test('what runs first needs no package', () => {
  expect(first.length).toBeGreaterThan(6)
  const wrong = first.flatMap(({ path, imports }) =>
    imports
      .filter(({ from }) => !from.startsWith('node:') && !/^(scripts|packages\/cli\/bin)\//.test(from))
      .map(({ from }) => `${path} imports ${from}`),
  )
  expect(wrong).toEqual([])
})

test('what runs first uses nothing newer than Node 20', () => {
  const newer =
    /node:sqlite|zstd|globSync|Promise\.try|Object\.groupBy|\bimport\.meta\.(dirname|filename)|process\.features/
  expect(first.filter(({ text }) => newer.test(text)).map(({ path }) => path)).toEqual([])
})
