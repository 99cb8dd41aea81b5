#!/usr/bin/env node
// Runs on any Node that knows modules, so that an old one is told what to do instead of failing on syntax.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const needed = [22, 18]
const own = process.versions.node.split('.').map(Number)
const here = dirname(fileURLToPath(import.meta.url))
const main = join(here, '..', 'dist', 'main.js')

if (own[0] < needed[0] || (own[0] === needed[0] && own[1] < needed[1])) handOver()
else if (!existsSync(main)) fail('The command is not built yet. In a checkout, run: npm run build')
else await import(pathToFileURL(main).href)

/** An old Node hands over to the one installed beside us, where there is one. */
function handOver() {
  for (let folder = here; ; folder = dirname(folder)) {
    const node = join(folder, 'node_modules', 'node', 'bin', 'node')
    if (existsSync(node)) return run(node)
    if (dirname(folder) === folder) break
  }
  fail(
    `Lifeboat needs Node ${needed.join('.')} or newer; this is ${process.versions.node}. Install a newer Node, or run it through npm in a project that has one.`,
  )
}

function run(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(error.message))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
}

function fail(message) {
  process.stderr.write(`lifeboat: ${message}\n`)
  process.exit(2)
}
