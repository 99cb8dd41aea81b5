// Indents built code by tabs in place of four blanks each: a tenth of the package is blanks otherwise. Lines within a
// template literal stay as they are. Part of the build, run in the package's folder.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { parseSync, Visitor } from 'oxc-parser'

for (const file of globSync('dist/**/*.{js,d.ts}')) {
  const code = readFileSync(file, 'utf8')
  const { program, errors } = parseSync(file, code)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0]?.message}`)
  const texts = []
  new Visitor({
    TemplateElement: ({ start, end }) => texts.push([start, end]),
  }).visit(program)
  texts.sort(([a], [b]) => a - b)
  let at = 0
  let next = 0
  const lines = code.split('\n').map((line) => {
    while (texts[next] && texts[next][1] < at) next++
    const isText = texts[next] && texts[next][0] < at
    at += line.length + 1
    return isText ? line : line.replace(/^(?: {4})+/, (blanks) => '\t'.repeat(blanks.length / 4))
  })
  writeFileSync(file, lines.join('\n'))
}
