// Part of what runs first: must work on Node 20 with no package installed.
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Obstacle, run, runQuietly } from './run.mjs'

/** Installs node_modules from the lockfile, unless it is there already and agrees with it. */
export async function preparePackages(root) {
  if (!installedAsLocked(root)) {
    console.log('Installing packages: npm ci')
    const { code, output } = await runQuietly(
      'npm',
      ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
      npmOptions(root),
    )
    if (code !== 0) throw new Obstacle(`npm ci failed.\n${output}`)
  }
  const node = join(root, 'node_modules', 'node', 'bin', 'node')
  if ((await runQuietly(node, ['--version'])).code !== 0) {
    // The package fetches its binary in an install script, which some configurations of npm leave out.
    const args = [join(root, 'node_modules', 'node', 'installArchSpecificPackage.js')]
    await run(process.execPath, args, { ...npmOptions(join(root, 'node_modules', 'node')) })
  }
  const { code, output } = await runQuietly(node, ['--version'])
  if (code !== 0) throw new Obstacle(`The Node that comes as a package does not run here (${node}).\n${output}`)
  return node
}

/** npm keeps what it has installed in node_modules/.package-lock.json, in the same form as the lockfile. */
function installedAsLocked(root) {
  const locked = readPackages(join(root, 'package-lock.json'))
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  if (!locked) throw new Obstacle('There is no package-lock.json: is this a whole checkout?')
  if (!installed) return false
  return Object.entries(locked).every(([path, entry]) => {
    // The workspaces themselves are folders of the tree; packages for other systems are never installed.
    if (!path.includes('node_modules/') || entry.optional) return true
    return installed[path] !== undefined && installed[path].version === entry.version
  })
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** npm must not run on the Node it is about to replace, and `npm run` puts that one first in the PATH. */
function npmOptions(cwd) {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !/node_modules[\\/]\.bin[\\/]?$/.test(folder))
    .join(delimiter)
  return { cwd, env: { ...process.env, PATH: path } }
}
