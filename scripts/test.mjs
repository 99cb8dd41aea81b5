// `npm test`: starts on Node 20 with nothing installed. `--long` runs every test with its full counts; everything
// else is handed to vitest: npm test -- packages/core/src/storage
import { bin, prepared } from './prepare.mjs'

const args = process.argv.slice(2)
if (args.includes('--long')) process.env.LIFEBOAT_LONG = '1'

await prepared((start) => start([bin('vitest'), 'run', ...args.filter((argument) => argument !== '--long')]))
