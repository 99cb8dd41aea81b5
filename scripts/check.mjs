// `npm run check`: everything about the tree that is not a test. Runs all, then says which failed.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runQuietly } from './prepare/run.mjs'
import { bin, prepared, root } from './prepare.mjs'

const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name))
const checks = [
  ['style', ['biome', 'check', '--error-on-warnings', '.']],
  ['types', ['tsc', '-p', 'tsconfig.json']],
  ['unused files, exports and dependencies', ['knip']],
  ...packages.map((path) => [`what ${path} publishes`, ['publint', path, '--strict']]),
  // Packages are ESM only; require() of them works on the Node versions supported.
  ...packages.map((path) => [`types as ${path} publishes them`, ['attw', '--pack', path, '--profile', 'esm-only']]),
]

await prepared(async (node, env) => {
  const failed = []
  for (const [what, [tool, ...args]] of checks) {
    const { code, output } = await runQuietly(node, [bin(tool), ...args], { cwd: root, env })
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'}  ${what}`)
    if (code !== 0) failed.push(what)
    // Of what holds, only warnings of unused code are worth a line.
    else if (tool !== 'knip' || output === '') continue
    console.log(`\n${tool} ${args.join(' ')}\n${output}`)
  }
  console.log(failed.length === 0 ? '\nEverything checked.' : `\nFailed: ${failed.join('; ')}`)
  return failed.length === 0 ? 0 : 1
})
