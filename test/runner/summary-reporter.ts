import { readFileSync, writeFileSync, writeSync } from 'node:fs'
import { relative } from 'node:path'
import type { Reporter, SerializedError, TestModule, TestSuite } from 'vitest/node'

interface FileResult {
  passed: number
  failed: number
  skipped: number
  failedTests: string[]
}

/** What runs have come to so far, by file, and errors that belong to none. */
interface TestRecord {
  files: Record<string, FileResult>
  elsewhere: number
}

/**
 * Ends a run with one plain line: `N passed, N failed`, and `, N skipped` where some were.
 *
 * A file or group that broke outside its tests counts as one failed test, and so does an error nobody caught: no run
 * may end in `0 failed` and yet be red. Where `LIFEBOAT_TEST_RECORD` names a file, results are kept there, and those of
 * an earlier run that this one has not run again count as well. What passed only in the later one (CI runs failed files
 * once more) is named before the line: it is a defect to be mended, of the test or of what it tests. Written as the
 * process exits, so that it is the last line whatever else prints.
 */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<SerializedError>): void {
    const path = process.env.LIFEBOAT_TEST_RECORD
    const earlier = path ? readRecord(path) : { files: {}, elsewhere: 0 }
    const now: TestRecord = { files: {}, elsewhere: 0 }
    for (const module of modules) now.files[module.relativeModuleId] = resultOf(module)
    for (const { VITEST_TEST_PATH: file } of unhandledErrors) {
      const result = typeof file === 'string' ? now.files[relative(process.cwd(), file)] : undefined
      if (result) result.failed++
      else now.elsewhere++
    }
    const all = { ...earlier.files, ...now.files }
    if (path) writeFileSync(path, JSON.stringify({ files: all, elsewhere: now.elsewhere }))
    const flaky = Object.entries(now.files).flatMap(([file, { failed }]) =>
      failed === 0 && earlier.files[file] ? earlier.files[file].failedTests.map((name) => `${file} > ${name}`) : [],
    )
    const sum = (of: 'passed' | 'failed' | 'skipped') => Object.values(all).reduce((total, one) => total + one[of], 0)
    const skipped = sum('skipped')
    const line = `${sum('passed')} passed, ${sum('failed') + now.elsewhere} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
    const lines = [...flaky.map((name) => `FLAKY, passed at the second try: ${name}`), line]
    process.once('exit', () => writeSync(1, `${lines.join('\n')}\n`))
  }
}

function resultOf(module: TestModule): FileResult {
  const result: FileResult = { passed: 0, failed: 0, skipped: 0, failedTests: [] }
  const fail = (name: string) => {
    result.failed++
    result.failedTests.push(name)
  }
  for (const group of [module, ...module.children.allSuites()]) if (broken(group)) fail('outside its tests')
  for (const test of module.children.allTests()) {
    const { state } = test.result()
    if (state === 'failed') fail(test.fullName)
    else result[state === 'passed' ? 'passed' : 'skipped']++
  }
  return result
}

function broken(group: TestModule | TestSuite): boolean {
  return group.errors().length > 0
}

function readRecord(path: string): TestRecord {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { files: {}, elsewhere: 0 }
  }
}
