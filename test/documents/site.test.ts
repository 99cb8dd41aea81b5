import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exportedNames, guides, publicEntries } from '../../docs/site/sources.ts'
import { root } from '../structure/sources.ts'

/** The site of `npm run docs`, built once. */
let folder: string
let built: Awaited<ReturnType<typeof build>>

function build(...args: string[]): Promise<{ code: number; output: string }> {
  const program = [join(root, 'docs/site/build.ts'), '--out', folder, ...args]
  return new Promise((resolve) =>
    execFile(process.execPath, ['--no-warnings', ...program], { cwd: root }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    ),
  )
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-site-'))
  built = await build()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const page = (path: string) => readFile(join(folder, path), 'utf8')

test('the site builds: no link that leads nowhere, no export without a summary', () => {
  expect(built.output).toMatch(/^The site: .*index\.html$/m)
  expect(built.code, built.output).toBe(0)
})

test('every export of every public entry has a page that begins with what it is', async () => {
  const wrong: string[] = []
  let count = 0
  for (const [entry, source] of publicEntries()) {
    const module = `modules/${entry.replaceAll(/[^\w-]/g, '_')}.html`
    const listed = new Map(
      [...(await page(module)).matchAll(/<a href="\.\.\/([^"#]+\.html)"[^>]*>/g)].map(([, path = '']) => [
        basename(path, '.html').replace(/^.*\./, ''),
        path,
      ]),
    )
    for (const name of exportedNames(source)) {
      count++
      const path = listed.get(name)
      const text = path ? await page(path) : ''
      if (!/<div class="tsd-comment tsd-typography"><p>\S/.test(text)) wrong.push(`${entry}: ${name}`)
    }
  }
  expect(wrong).toEqual([])
  expect(count).toBeGreaterThan(200)
  // The options of the engine are read from their schema, each with what it says of itself.
  const options = await page('types/_lifeboat_core.EngineOptions.html')
  expect(options).toMatch(/id="lockbudgetms"/i)
})

test('every document is a page, and the search knows words of its text without a server', async () => {
  for (const { page: path } of guides()) expect(await page(`${path}.html`)).toContain('<h1')
  const [, data = ''] = /^window\.searchData = "([^"]+)"/.exec(await page('assets/search.js')) ?? []
  const { rows, index } = JSON.parse(inflateSync(Buffer.from(data, 'base64')).toString()) as {
    rows: { name: string; url: string }[]
    index: { invertedIndex: [string, { document?: Record<string, unknown> }][] }
  }
  const at = rows.findIndex(({ url }) => url === 'guides/connections.html')
  const found = index.invertedIndex.find(([word]) => word.startsWith('pgbouncer'))?.[1].document
  expect(Object.keys(found ?? {})).toContain(String(at))
})

test('a link that leads nowhere fails the build, and is named', async () => {
  const gone = 'guides/cookbook.html'
  const linking = await page('index.html')
  expect(linking).toContain(`href="${gone}"`)
  await rm(join(folder, gone))
  const { code, output } = await build('--check')
  expect(code).toBe(1)
  expect(output).toContain(`leads nowhere: ${gone} in index.html`)
  expect(output).toMatch(new RegExp(`leads nowhere: cookbook\\.html#\\S+ in ${dirname(gone)}/questions\\.html`))
})
