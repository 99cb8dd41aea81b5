// `npm test`: starts on Node 20 with nothing installed. `--long` runs every test with its full counts; everything
// else is handed to vitest: npm test -- packages/core/src/storage

import { run } from './prepare/run.mjs'
import { bin, prepared, root } from './prepare.mjs'

const args = process.argv.slice(2)
const long = args.includes('--long') ? { LIFEBOAT_LONG: '1' } : {}
const vitest = [bin('vitest'), 'run', ...args.filter((argument) => argument !== '--long')]

await prepared((node, env) => run(node, vitest, { cwd: root, env: { ...env, ...long } }))
