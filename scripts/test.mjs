// `npm test`: starts on Node 20 with nothing installed. `--long` runs every test with its full counts; everything
// else is handed to vitest: npm test -- packages/core/src/storage

import { run } from './prepare/run.mjs'
import { prepareTestTools } from './prepare/test-tools.mjs'
import { bin, prepared, root } from './prepare.mjs'
import { withSecondTry } from './second-try.mjs'

const args = process.argv.slice(2).filter((argument) => argument !== '--long')
const long = process.argv.includes('--long') ? { LIFEBOAT_LONG: '1' } : {}

await prepared(async (node, env) => {
  await prepareTestTools()
  const start = (given, more = {}) =>
    run(node, [bin('vitest'), 'run', ...given], { cwd: root, env: { ...env, ...long, ...more } })
  // At a desk a failure is told at once. A machine that stands still for a moment must not keep a change from landing.
  return process.env.CI === 'true' ? withSecondTry(args, start) : start(args)
})
