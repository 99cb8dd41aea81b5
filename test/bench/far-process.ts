/**
 * One backup or one restore, in a process like a host's: run by far.ts with its options as JSON. Prints what it took,
 * and what it held over what the process held before anything was opened.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createBackupEngine, type EngineOptions } from '../../packages/core/src/index.ts'

const { work, options } = JSON.parse(process.argv[2] as string) as {
  work: 'backup' | 'restore'
  options: EngineOptions
}
const engine = createBackupEngine({ ...options, encryption: { rawKey: '07'.repeat(32) } })
// An idle host: started, and past the first moment in which Node holds more than it keeps.
await sleep(500)
const idle = process.memoryUsage().rss
if (work === 'backup') await engine.repository.init()
else await engine.repository.describe()
const delays = monitorEventLoopDelay({ resolution: 2 })
delays.enable()
const cpu = process.cpuUsage()
const started = performance.now()
if (work === 'backup') await engine.backups.create({ name: 'far', type: 'full' })
else await engine.restores.run('latest', { confirm: true, strategy: 'new-database', targetDatabase: 'restored' })
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
delays.disable()
await engine.stop()
process.stdout.write(
  JSON.stringify({
    seconds,
    cpuSeconds: (user + system) / 1e6,
    overIdleMiB: process.resourceUsage().maxRSS / 1024 - idle / 2 ** 20,
    eventLoopP99Ms: delays.percentile(99) / 1e6 - 2,
  }),
)
