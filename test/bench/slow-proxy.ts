/** `slow-proxy.ts PORT MS`: the tests' TCP proxy before a port, each byte MS late, in a process of its own. Prints its port. */
import { startTcpProxy } from '../storage/tcp-proxy.ts'

const [upstream, latencyMs] = process.argv.slice(2).map(Number) as [number, number]
const proxy = await startTcpProxy(upstream, { latencyMs })
process.stdout.write(`${proxy.port}\n`)
