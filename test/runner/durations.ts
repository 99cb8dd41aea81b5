import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Reporter, TestModule } from 'vitest/node'

/** Seconds by file, as they were in the last run that recorded them, `npm test -- --record`. */
const path = fileURLToPath(new URL('./durations.json', import.meta.url))

export function readDurations(): Record<string, number> {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** Records how long each file took where `LIFEBOAT_RECORD_DURATIONS` is set. */
export class DurationsReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    if (process.env.LIFEBOAT_RECORD_DURATIONS !== '1') return
    const seconds = modules.map((module) => {
      const { duration, setupDuration, collectDuration, prepareDuration, environmentSetupDuration } =
        module.diagnostic()
      const all = duration + setupDuration + collectDuration + prepareDuration + environmentSetupDuration
      return [module.relativeModuleId, Math.round(all / 1000)] as const
    })
    const sorted = seconds.toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    writeFileSync(path, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`)
  }
}
