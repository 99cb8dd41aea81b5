// `npm test`: starts on Node 20 with nothing installed. `--long` runs every test with its full counts,
// `--record` records how long each file took, for the next runs; everything else is handed to vitest:
// npm test -- packages/core/src/storage

import { run } from './prepare/run.mjs'
import { prepareTestTools } from './prepare/test-tools.mjs'
import { bin, prepared, root } from './prepare.mjs'
import { withSecondTry } from './second-try.mjs'

const args = process.argv.slice(2).filter((argument) => !['--long', '--record'].includes(argument))
const settings = {
  ...(process.argv.includes('--long') ? { LIFEBOAT_LONG: '1' } : {}),
  ...(process.argv.includes('--record') ? { LIFEBOAT_RECORD_DURATIONS: '1' } : {}),
}

await prepared(async (node, env) => {
  await prepareTestTools()
  const start = (given, more = {}) =>
    run(node, [bin('vitest'), 'run', ...given], { cwd: root, env: { ...env, ...settings, ...more } })
  // At a desk a failure is told at once. A machine that stands still for a moment must not keep a change from landing.
  return process.env.CI === 'true' ? withSecondTry(args, start) : start(args)
})
