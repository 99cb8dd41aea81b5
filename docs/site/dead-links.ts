import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Every link of a built site that leads nowhere within it: no such file, or no such heading. Other sites are not asked. */
export function deadLinks(folder: string): string[] {
  if (!existsSync(join(folder, 'index.html'))) return [`There is no site in ${folder}.`]
  const pages = new Map(
    globSync('**/*.html', { cwd: folder }).map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
  )
  const anchors = new Map([...pages].map(([path, html]) => [path, anchorsOf(html)]))
  const dead: string[] = []
  for (const [page, html] of pages) {
    for (const [, written = ''] of html.matchAll(/<(?:a|link|script|img)\b[^>]*?\s(?:href|src)="([^"]*)"/g)) {
      const [target = '', anchor = ''] = decodeURI(written).split('#')
      if (/^[a-z]+:/i.test(target)) continue
      const path = target === '' ? page : normalize(join(dirname(page), target.replace(/\?.*$/, '')))
      const there = existsSync(join(folder, path)) && statSync(join(folder, path)).isFile()
      const heading = anchor === '' || !anchors.has(path) || anchors.get(path)?.has(anchor)
      if (!there || !heading) dead.push(`leads nowhere: ${written} in ${page}`)
    }
  }
  return [...new Set(dead)].sort()
}

const anchorsOf = (html: string) => new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id = '']) => id))
