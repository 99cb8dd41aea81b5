// `npm run demo`: starts on Node 20 with nothing installed; the demo itself is examples/shop/demo/demo.ts.
import { join } from 'node:path'
import { prepared, root } from './prepare.mjs'

await prepared((start) => start([join(root, 'examples', 'shop', 'demo', 'demo.ts'), ...process.argv.slice(2)]))
