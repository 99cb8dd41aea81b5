// What `npm run demo` and `npm test` do first. Must work on Node 20 with no package installed.
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { preparePackages } from './prepare/packages.mjs'
import { preparePostgresql } from './prepare/postgresql.mjs'
import { Obstacle, run } from './prepare/run.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Installs what is missing, builds the packages, then runs `work` with the Node 24 of the tree, whose exit code
 * becomes ours. `work` gets a function that runs a script of the tree.
 */
export async function prepared(work) {
  try {
    const node = await preparePackages(root)
    await preparePostgresql()
    const env = {
      ...process.env,
      PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
      TURBO_TELEMETRY_DISABLED: '1',
    }
    const start = (args) => run(node, args, { cwd: root, env })
    const built = await start([bin('turbo'), 'run', 'build', '--output-logs=errors-only', '--log-order=grouped'])
    if (built !== 0) throw new Obstacle('The build failed.')
    process.exitCode = await work(start)
  } catch (error) {
    console.error(error instanceof Obstacle ? `\n${error.message}` : error)
    process.exitCode = 1
  }
}

/** The script behind a command of node_modules/.bin. */
export function bin(name) {
  return join(root, 'node_modules', '.bin', name)
}
