import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { withSecondTry } from '../../scripts/second-try.mjs'

const root = join(import.meta.dirname, '../..')

/** Files beside each other: one is good, one fails once, one fails always, one breaks once outside its tests. */
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-second-'))
  const once = (name: string) =>
    `const tried = ${JSON.stringify(join(folder, name))}; const first = !existsSync(tried); writeFileSync(tried, '')`
  const imports = `import { existsSync, writeFileSync } from 'node:fs'; import { expect, test } from 'vitest'\n`
  const files = {
    'good.test.ts': `${imports}test('good', () => {})`,
    'once.test.ts': `${imports}${once('one')}\ntest('stumbles', () => { expect(first).toBe(false) })\ntest('walks', () => {})`,
    'broken.test.ts': `${imports}${once('two')}\nif (first) throw new Error('no')\ntest('later', () => {})`,
    // The reporter of the project, on these files.
    'vitest.config.mjs': `import { SummaryReporter } from ${JSON.stringify(join(root, 'test/runner/summary-reporter.ts'))}
      export default { test: { include: ['**/*.test.ts'], reporters: [new SummaryReporter()] } }`,
    'bad.test.ts': `${imports}test('bad', () => { expect(1).toBe(2) })`,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let output = ''
/** Vitest as `npm test` starts it, on the folder of these files. */
function start(files: string[], env: Record<string, string>): Promise<number> {
  const program = join(root, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [program, 'run', '--root', folder, ...files], {
    cwd: folder,
    env: { PATH: process.env.PATH, CI: 'true', ...env },
  })
  output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  return new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
}

test('what failed is run once more, whole; the two runs are told as one, with the name of what stumbled', async () => {
  const runs: string[][] = []
  const code = await withSecondTry(['good', 'once', 'broken'], (files: string[], env: Record<string, string>) => {
    runs.push(files)
    return start(files, env)
  })
  expect(runs).toEqual([['good', 'once', 'broken'], expect.arrayContaining(['once.test.ts', 'broken.test.ts'])])
  expect(runs[1]).toHaveLength(2)
  expect(code).toBe(0)
  const lines = output.trim().split('\n')
  expect(lines.at(-1)).toBe('4 passed, 0 failed')
  expect(lines).toContain('FLAKY, passed at the second try: once.test.ts > stumbles')
  expect(lines).toContain('FLAKY, passed at the second try: broken.test.ts > outside its tests')
})

test('what fails twice has failed', async () => {
  const runs: string[][] = []
  const code = await withSecondTry(['good', 'bad'], (files: string[], env: Record<string, string>) => {
    runs.push(files)
    return start(files, env)
  })
  expect(runs).toEqual([['good', 'bad'], ['bad.test.ts']])
  expect(code).toBe(1)
  expect(output.trim().split('\n').at(-1)).toBe('1 passed, 1 failed')
})
