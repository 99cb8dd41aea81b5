import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../structure/sources.ts'
import { readDocument } from './markdown.ts'

const documents = globSync('{.,docs,packages/*,examples/*,test,.changeset}/*.md', { cwd: root })

test('links within the tree lead somewhere', () => {
  const broken: string[] = []
  for (const document of documents) {
    for (const [, target = ''] of readDocument(document).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target) || target.startsWith('#')) continue
      const path = join(root, dirname(document), target.replace(/#.*$/, ''))
      if (!existsSync(path)) broken.push(`${document}: ${target}`)
    }
  }
  expect(documents.length).toBeGreaterThan(5)
  expect(broken).toEqual([])
})

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(path: string): Set<string> {
  const text = readFileSync(path, 'utf8').replaceAll(/^```.*?^```$/gms, '')
  const seen = new Map<string, number>()
  return new Set(
    [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => {
      const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase()
      const name = plain.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(/\s/g, '-')
      const count = seen.get(name) ?? 0
      seen.set(name, count + 1)
      return count === 0 ? name : `${name}-${count}`
    }),
  )
}

test('links to a heading lead to one', () => {
  const broken: string[] = []
  for (const document of documents) {
    for (const [, target = ''] of readDocument(document).matchAll(/\]\(([^)\s]*#[^)\s]+)\)/g)) {
      const [file = '', anchor = ''] = target.split('#')
      if (/^[a-z]+:/.test(file) || (file !== '' && !file.endsWith('.md'))) continue
      const path = file === '' ? join(root, document) : join(root, dirname(document), file)
      if (existsSync(path) && !anchorsOf(path).has(anchor)) broken.push(`${document}: ${target}`)
    }
  }
  expect(broken).toEqual([])
})

test('each question has an answer two clicks from the README: the list, then the heading', () => {
  expect(readDocument('README.md')).toContain('(docs/questions.md)')
  const rows = [...readDocument('docs/questions.md').matchAll(/^\| (.+[?.]) \| (.+) \|$/gm)]
  expect(rows.length).toBeGreaterThanOrEqual(15)
  expect(rows.filter(([, , answer = '']) => !/\]\([\w./-]+\.md#[\w-]+\)/.test(answer))).toEqual([])
})

test('files that documents name in code exist', () => {
  const missing: string[] = []
  for (const document of documents.filter((path) => !path.startsWith('.changeset/'))) {
    for (const [, path = ''] of readDocument(document).matchAll(
      /`((?:packages|test|examples|scripts|docs)\/[\w./-]+\w)\/?`/g,
    )) {
      if (!existsSync(join(root, path))) missing.push(`${document}: ${path}`)
    }
  }
  expect(missing).toEqual([])
})

test('every npm script a document names is there', () => {
  const { scripts } = JSON.parse(readDocument('package.json')) as { scripts: Record<string, string> }
  const named = documents.flatMap((path) =>
    [...readDocument(path).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name),
  )
  expect(named.length).toBeGreaterThan(3)
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})

test('.ci/run can be run', () => {
  expect(statSync(join(root, '.ci/run')).mode & 0o111).not.toBe(0)
})
