import { writeSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'

/**
 * Ends a run with one plain line: `N passed, N failed`, and `, N skipped` where some were.
 *
 * A file or group that broke outside its tests counts as one failed test, and so does an error nobody caught: no run
 * may end in `0 failed` and yet be red. Written as the process exits, so that it is the last line whatever else prints.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<SerializedError>): void {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      for (const group of [module, ...module.children.allSuites()]) if (broken(group)) counts.failed++
      for (const test of module.children.allTests()) counts[test.result().state]++
    }
    const skipped = counts.skipped + counts.pending
    const line = `${counts.passed} passed, ${counts.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
    process.once('exit', () => writeSync(1, `${line}\n`))
  }
}

function broken(group: TestModule | TestSuite): boolean {
  return group.errors().length > 0
}
