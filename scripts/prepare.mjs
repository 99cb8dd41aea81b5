// What `npm run demo` and `npm test` do first. Must work on Node 20 with no package installed.
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { preparePackages } from './prepare/packages.mjs'
import { preparePostgresql } from './prepare/postgresql.mjs'
import { Obstacle, runQuietly } from './prepare/run.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Installs what is missing, builds the packages, then calls `work` with the Node 24 of the tree and the environment
 * for it. What `work` returns becomes the exit code.
 */
export async function prepared(work) {
  try {
    // First what may need somebody's permission, so that nobody waits for the rest only to hear of it.
    await preparePostgresql()
    const node = await preparePackages(root)
    const env = {
      ...process.env,
      PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
      TURBO_TELEMETRY_DISABLED: '1',
    }
    const built = await runQuietly(node, [bin('turbo'), 'run', 'build', '--output-logs=errors-only'], {
      cwd: root,
      env,
    })
    if (built.code !== 0) throw new Obstacle(`The build failed.\n${built.output}`)
    process.exitCode = await work(node, env)
  } catch (error) {
    console.error(error instanceof Obstacle ? `\n${error.message}` : error)
    process.exitCode = 1
  }
}

/** The script behind a command of node_modules/.bin. */
export function bin(name) {
  return join(root, 'node_modules', '.bin', name)
}
