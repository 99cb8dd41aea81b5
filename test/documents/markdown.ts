import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../structure/sources.ts'

export interface CodeBlock {
  language: string
  text: string
}

export function readDocument(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** The fenced blocks of one section, up to the next heading of the same level. */
export function codeBlocks(document: string, heading: string): CodeBlock[] {
  const level = /^#+/.exec(heading)?.[0] ?? ''
  const start = document.indexOf(`\n${heading}\n`)
  if (start < 0) throw new Error(`There is no heading "${heading}".`)
  const rest = document.slice(start + heading.length + 2)
  const end = rest.search(new RegExp(`^${level} `, 'm'))
  const section = end < 0 ? rest : rest.slice(0, end)
  return [...section.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }))
}

/** Splits a line of a shell into words, as far as our documents go: quotes, no expansion. */
export function words(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, plain]) => one ?? two ?? plain ?? '')
}
