/**
 * One backup, restore, verification or export: run by the scale tests with its options as JSON. On the built package and
 * in plain JavaScript, as a host has it: what strips types takes memory, in every thread.
 */
const bareBytes = process.memoryUsage.rss()
const { createBackupEngine } = await import('../../packages/core/dist/index.js')

const { work, options } = JSON.parse(process.argv[2])
const engine = createBackupEngine({ ...options, encryption: { rawKey: '07'.repeat(32) } })
await engine.repository.describe()
const works = {
  backup: () => engine.backups.create({ name: 'large' }),
  restore: () => engine.restores.run('latest', { confirm: true, strategy: 'new-database', targetDatabase: 'restored' }),
  verify: () => engine.backups.verify('latest'),
  export: () => engine.backups.export('latest', { file: `${options.repository}.dump` }),
}
const started = performance.now()
const result = await works[work]()
const seconds = (performance.now() - started) / 1000
await engine.stop()
const peakMebibytes = process.resourceUsage().maxRSS / 1024
process.stdout.write(
  JSON.stringify({ seconds, peakMebibytes, aboveBareMebibytes: peakMebibytes - bareBytes / 2 ** 20, result }),
)
