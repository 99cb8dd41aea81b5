/** One backup, or one restore into a new database: run by the scale tests with its options as JSON. */
import { createBackupEngine, type EngineOptions } from '../../packages/core/src/index.ts'

const { work, options } = JSON.parse(process.argv[2] as string) as {
  work: 'backup' | 'restore'
  options: EngineOptions
}
const engine = createBackupEngine({ ...options, encryption: { rawKey: '07'.repeat(32) } })
await engine.repository.describe()
const started = performance.now()
const result =
  work === 'backup'
    ? await engine.backups.create({ name: 'large' })
    : await engine.restores.run('latest', { confirm: true, strategy: 'new-database', targetDatabase: 'restored' })
const seconds = (performance.now() - started) / 1000
await engine.stop()
const peakMebibytes = process.resourceUsage().maxRSS / 1024
process.stdout.write(JSON.stringify({ seconds, peakMebibytes, result }))
