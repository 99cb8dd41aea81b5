import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { DurationsReporter } from './test/runner/durations.ts'
import { LongestFirst } from './test/runner/longest-first.ts'
import { sortIntoProjects } from './test/runner/projects.ts'
import { SummaryReporter } from './test/runner/summary-reporter.ts'

// `npm run test:long` sets this: every test, with its full counts.
const long = process.env.LIFEBOAT_LONG === '1'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const exclude = ['**/node_modules/**', '**/dist/**', ...(long ? [] : ['**/*.long.test.ts'])]
const projects = sortIntoProjects(
  source('.'),
  ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
  exclude,
)
const project = (name: keyof typeof projects, isolate: boolean) => ({
  extends: true as const,
  test: { name, isolate, include: projects[name] },
})

export default defineConfig({
  resolve: {
    // Tests run on the sources, so that none can pass on a stale build.
    alias: [
      { find: /^@lifeboat\/core\/testing$/, replacement: source('packages/core/src/testing/index.ts') },
      { find: /^@lifeboat\/core\/actions$/, replacement: source('packages/core/src/actions/index.ts') },
      {
        find: /^@lifeboat\/core\/(http|storage|migrations|queues)$/,
        replacement: source('packages/core/src/entries/$1.ts'),
      },
      { find: /^@lifeboat\/core$/, replacement: source('packages/core/src/index.ts') },
    ],
  },
  test: {
    exclude,
    globalSetup: source('test/runner/run-folder.ts'),
    reporters: ['default', new DurationsReporter(), new SummaryReporter()],
    pool: 'forks',
    // One more than cores, two of which the smallest machine has: a test waits for its servers and processes about half of
    // its time. Not many more: tests that look at moments would wait for each other.
    maxWorkers: Math.min(Math.max(availableParallelism(), 2), 4) + 1,
    sequence: { sequencer: LongestFirst },
    // No measure of anything: what is to be quick is measured by a stopwatch that does not count a machine's standing still.
    testTimeout: long ? 3_600_000 : 300_000,
    hookTimeout: 300_000,
    // How long a test that waits for something goes on asking: longer than a busy machine may stand still.
    expect: { poll: { timeout: 60_000 } },
    projects: [project('unit', false), project('server', true), project('sweep', true)],
  },
})
