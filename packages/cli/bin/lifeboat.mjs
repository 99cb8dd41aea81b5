#!/usr/bin/env node
// Runs on any Node that knows modules, so that an old one is told what to do instead of failing on syntax.
import { spawn } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import module from 'node:module'
import { homedir, tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import v8 from 'node:v8'

const needed = [22, 18]
const own = process.versions.node.split('.').map(Number)
const here = dirname(fileURLToPath(import.meta.url))
const main = join(here, '..', 'dist', 'main.js')
/** What goes on until it is stopped, and answers others. */
const runsOn = ['serve', 'worker']
/** What looks at lists and ends. */
const looks = ['list', 'show', 'status']

if (own[0] < needed[0] || (own[0] === needed[0] && own[1] < needed[1])) handOver()
else if (!existsSync(main)) fail('The command is not built yet. In a checkout, run: npm run build')
else {
  keepCompiled()
  keepSmall(process.argv[2])
  await import(pathToFileURL(main).href)
}

/**
 * Lets Node keep what it compiles for the next run, in a folder that only this user may write to: whoever else could
 * would have us run their code. Without such a folder, or with NODE_DISABLE_COMPILE_CACHE=1, every run compiles anew.
 */
function keepCompiled() {
  try {
    const { uid } = userInfo()
    // A service's user may have a home that is not there: it is not for us to make one.
    const caches = process.env.XDG_CACHE_HOME || (existsSync(homedir()) ? join(homedir(), '.cache') : null)
    for (const folder of [...(caches ? [join(caches, 'lifeboat')] : []), join(tmpdir(), `lifeboat-cache-${uid}`)])
      if (isOurs(folder, uid)) {
        const { status } = module.enableCompileCache?.(folder) ?? {}
        // Worker threads, which start anew, know of it by this alone.
        if (status !== undefined && status === module.constants?.compileCacheStatus?.ENABLED)
          process.env.NODE_COMPILE_CACHE = folder
        return
      }
  } catch {
    // It would only have been faster.
  }
}

/**
 * V8 doubles its young generation, up to 64 MiB, whenever much survives in it: all does while modules are loaded. A command
 * that ends soon touches a quarter less memory without, and takes no more processor time. To wake threads for
 * collections so small takes longer than these do. One that only looks ends before what V8's last compiler makes of it is of
 * use, which costs 6 MiB.
 */
function keepSmall(command) {
  if (runsOn.includes(command)) return
  v8.setFlagsFromString('--semi-space-growth-factor=1')
  v8.setFlagsFromString('--no-parallel-scavenge')
  if (looks.includes(command)) v8.setFlagsFromString('--no-opt')
}

function isOurs(folder, uid) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const found = lstatSync(folder)
    // Windows has no such owners and modes; there both places lie in the user's own profile.
    return found.isDirectory() && (uid === -1 || (found.uid === uid && (found.mode & 0o022) === 0))
  } catch {
    return false
  }
}

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
