import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { adminUi } from '../../packages/admin-ui/src/index.ts'

const { page, files } = adminUi()
const most = 150 * 1024

/** The scripts a page needs before it can be used: itself, and all it imports by name. */
function needed(name: string, seen = new Set<string>()): Set<string> {
  const file = files.get(name)
  if (!file || seen.has(name)) return seen
  seen.add(name)
  const text = Buffer.from(file.body).toString('utf8')
  for (const [, imported] of text.matchAll(/(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g))
    needed(`assets/${imported}`, seen)
  return seen
}

const size = (names: Iterable<string>) =>
  [...names].reduce((sum, name) => sum + gzipSync(files.get(name)?.body ?? '').length, 0)

test('the first load of every page is at most 150 KB of JavaScript, gzipped', () => {
  const [, entry = ''] = /<script [^>]*src="\.\/([^"]+\.js)"/.exec(page) ?? []
  const shell = needed(entry)
  expect(shell.size).toBeGreaterThan(0)
  const parts = [...files.keys()].filter((name) => name.endsWith('.js') && /-page-|chart-/.test(name))
  expect(parts.length).toBeGreaterThan(8)
  const sizes: Record<string, number> = {}
  for (const part of parts) {
    // The overview draws its charts last, but at the first visit.
    const extra = part.includes('overview-page') ? parts.filter((name) => name.includes('chart-')) : []
    const all = new Set([...shell, ...needed(part), ...extra.flatMap((name) => [...needed(name)])])
    sizes[part.replace(/^assets\/|-[\w-]{8}\.js$/g, '')] = Math.round(size(all) / 102.4) / 10
    expect([part, size(all) <= most]).toEqual([part, true])
  }
  console.log(`JavaScript of the first load, KB gzipped: ${JSON.stringify(sizes)}`)
})

test('nothing is loaded from elsewhere, and nothing is written into the page itself', () => {
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|style="/)
  expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
})
