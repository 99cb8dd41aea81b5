// `npm run demo`: starts on Node 20 with nothing installed; the demo itself is examples/shop/demo/demo.ts.
import { join } from 'node:path'
import { run } from './prepare/run.mjs'
import { prepared, root } from './prepare.mjs'

const demo = join(root, 'examples', 'shop', 'demo', 'demo.ts')
await prepared((node, env) => run(node, [demo], { cwd: root, env }))
