/** A process that backs up or restores until it is killed: run by killed.test.ts with its options as JSON. */
import { createBackupEngine, type EngineOptions } from '../../packages/core/src/index.ts'

const { work, options } = JSON.parse(process.argv[2] as string) as {
  work: 'backup' | 'restore' | 'prune'
  options: EngineOptions
}
const engine = createBackupEngine({ ...options, encryption: { rawKey: '07'.repeat(32) } })
// Open first: what is killed should be the work, not the start of Node.
await engine.repository.describe()
process.stdout.write('begun\n')
if (work === 'backup') await engine.backups.create({ name: 'victim', includeMedia: true })
if (work === 'restore') await engine.restores.run('1', { confirm: true })
if (work === 'prune') await engine.maintenance.prune({ graceMs: 0 })
await engine.stop()
process.stdout.write('done\n')
