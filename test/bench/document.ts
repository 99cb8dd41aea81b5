import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Puts a table into docs/performance.md, after the mark that names the command it is made by; the words around it stay. */
export function writeTable(command: string, where: string, lines: readonly string[]): void {
  const path = fileURLToPath(new URL('../../docs/performance.md', import.meta.url))
  const begin = `<!-- ${command} -->`
  const before = readFileSync(path, 'utf8')
  const from = before.indexOf(begin)
  const to = before.indexOf('<!-- end -->', from)
  if (from < 0 || to < 0) throw new Error(`${path} does not say where the table of ${command} belongs.`)
  writeFileSync(path, `${before.slice(0, from)}${begin}\n${where}.\n\n${lines.join('\n')}\n${before.slice(to)}`)
}
