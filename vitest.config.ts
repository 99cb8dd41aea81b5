import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/longest-first.ts'
import { SummaryReporter } from './test/summary-reporter.ts'

// `npm run test:long` sets this: every test, with its full counts.
const long = process.env.LIFEBOAT_LONG === '1'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    // Tests run on the sources, so that none can pass on a stale build.
    alias: [
      { find: /^@lifeboat\/core\/testing$/, replacement: source('packages/core/src/testing/index.ts') },
      { find: /^@lifeboat\/core$/, replacement: source('packages/core/src/index.ts') },
    ],
  },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', ...(long ? [] : ['**/*.long.test.ts'])],
    reporters: ['default', new SummaryReporter()],
    pool: 'forks',
    // One for each core of the smallest machine: with more, tests that look at moments wait for each other.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // No measure of anything: what is to be quick is measured by a stopwatch that does not count a machine's standing still.
    testTimeout: long ? 3_600_000 : 300_000,
    hookTimeout: 300_000,
    // How long a test that waits for something goes on asking: longer than a busy machine may stand still.
    expect: { poll: { timeout: 60_000 } },
  },
})
