import { writeSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'

/**
 * Ends a run with one plain line: `N passed, N failed`, and `, N skipped` where some were.
 *
 * A file or group that broke outside its tests counts as one failed test, and so does an error nobody caught: no run
 * may end in `0 failed` and yet be red. A test that passed only at a second try (CI allows one) is named before that
 * line: it is a defect to be mended, of the test or of what it tests. Written as the process exits, so that it is the last line whatever else prints.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<SerializedError>): void {
    const flaky: string[] = []
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      for (const group of [module, ...module.children.allSuites()]) if (broken(group)) counts.failed++
      for (const test of module.children.allTests()) {
        counts[test.result().state]++
        if (test.diagnostic()?.flaky) flaky.push(`${module.relativeModuleId} > ${test.fullName}`)
      }
    }
    const skipped = counts.skipped + counts.pending
    const line = `${counts.passed} passed, ${counts.failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
    const lines = [...flaky.map((name) => `FLAKY, passed at the second try: ${name}`), line]
    process.once('exit', () => writeSync(1, `${lines.join('\n')}\n`))
  }
}

function broken(group: TestModule | TestSuite): boolean {
  return group.errors().length > 0
}
