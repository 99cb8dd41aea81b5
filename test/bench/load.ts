/** Requests as `argv[2]` (autocannon's options as JSON) says, until it is told to stop; then tells how they fared. */
import { createRequire } from 'node:module'

/** As much of autocannon, which has no types, as is used here. */
type Autocannon = (
  options: { url: string; connections: number; overallRate: number; duration: number },
  done: (error: Error | null, result: unknown) => void,
) => { stop(): void }

const require = createRequire(import.meta.url)
const autocannon = require('autocannon') as Autocannon
const instance = autocannon(JSON.parse(process.argv[2] as string), (error, result) => {
  if (error) throw error
  process.send?.(result, undefined, undefined, () => process.disconnect())
})
process.once('message', () => instance.stop())
process.send?.('begun')
