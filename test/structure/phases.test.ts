import { expect, test } from 'vitest'
import { phases } from '../../packages/admin-ui/app/parts/phases.ts'
import { phaseWords } from '../../packages/cli/src/output/phase-words.ts'
import { readSources } from './sources.ts'

/** Names that the sources give to phases: of an event, of `progress.phase()`, and of `inPhase()`. */
const reported = new Set([
  ...['manifest', 'checksums', 'structure', 'restore'].map((level) => `verify.${level}`),
  ...readSources('packages/core/src/**/*.ts')
    .filter(({ path }) => !/\.test\.ts$|fixture|testing\//.test(path))
    .flatMap(({ text }) => [
      ...text.matchAll(/type: 'phase', phase: '([\w.-]+)'|\.phase\('([\w.-]+)'|inPhase\(\s*\w+,\s*'([\w.-]+)'/g),
    ])
    .map(([, ...names]) => names.find((name) => name !== undefined) ?? ''),
])

test('every phase of a job is named in words, by the command and by the pages', () => {
  expect(reported.size).toBeGreaterThan(40)
  expect([...reported].filter((phase) => !Object.hasOwn(phaseWords, phase))).toEqual([])
  expect([...reported].filter((phase) => !Object.hasOwn(phases, phase))).toEqual([])
  expect(Object.keys(phases).filter((phase) => !Object.hasOwn(phaseWords, phase))).toEqual([])
})
