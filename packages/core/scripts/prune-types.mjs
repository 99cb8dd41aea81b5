// Deletes the declarations of a built package that none of its entries refers to: no user can see them.
// Part of the build, run in the package's folder.
import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const { exports: entries } = JSON.parse(readFileSync('package.json', 'utf8'))
const open = Object.values(entries).flatMap(({ types }) => (types ? [normalize(types)] : []))
const reached = new Set(open)
for (let file = open.pop(); file !== undefined; file = open.pop()) {
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/g)) {
    const found = normalize(join(dirname(file), name.replace(/\.[jt]s$/, '.d.ts')))
    if (!existsSync(found)) throw new Error(`${file} refers to ${name}, which was not built.`)
    if (reached.has(found)) continue
    reached.add(found)
    open.push(found)
  }
}
for (const file of globSync('dist/**/*.d.ts')) if (!reached.has(normalize(file))) rmSync(file)
