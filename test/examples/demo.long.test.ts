import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readDocument } from '../documents/markdown.ts'
import { root } from '../structure/sources.ts'

/** The demo ends well, fits 80 columns, and says what the README shows of it. */
test('npm run demo', async () => {
  const { code, output } = await new Promise<{ code: number; output: string }>((resolve) =>
    execFile(process.execPath, [join(root, 'examples/shop/demo/demo.ts')], { maxBuffer: 1 << 24 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: `${out}${err}` }),
    ),
  )
  expect(code, output).toBe(0)
  expect(output.split('\n').filter((line) => [...line].length > 80)).toEqual([])
  const [, shown = ''] = /^```text\n(.*?)^```$/ms.exec(readDocument('README.md')) ?? []
  const lines = stable(shown)
  expect(lines.length).toBeGreaterThan(10)
  // In this order; where the README has dots, something is left out.
  let told = stable(output)
  for (const line of lines.filter((one) => one !== '...')) {
    expect(told, 'the demo says this no longer, or in another order').toContain(line)
    told = told.slice(told.indexOf(line) + 1)
  }
})

/** Without what is of the run: times, ids and figures of speed. */
function stable(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const one = line
      .trim()
      .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/, 'TIME')
      .replace(/plan [0-9a-f]{12}/, 'plan HASH')
      .replace(/\b[bw](?=[0-9a-z]*\d)[0-9a-z]{15}\b/, 'ID')
      .replace(/[\d.]+ (ms|s)\b/g, 'N s')
      .replace(/^\d+ visits/, 'N visits')
      .replace(/^\d+\. /, '')
    return one === '' || /^\(N s\)$/.test(one) ? [] : [one]
  })
}
