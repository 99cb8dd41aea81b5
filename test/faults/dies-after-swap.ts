/** A process that restores in the background and dies as soon as the databases have been swapped. */
import { createBackupEngine, type EngineOptions } from '../../packages/core/src/index.ts'

const { backup, options } = JSON.parse(process.argv[2] as string) as { backup: string; options: EngineOptions }
const engine = createBackupEngine({
  ...options,
  hooks: { afterSwap: () => void process.kill(process.pid, 'SIGKILL') },
})
await engine.start()
const { id } = await engine.tasks.start(
  'restores.run',
  { backup: backup, safetyBackup: false },
  { as: { id: 'test', role: 'admin' }, confirm: true },
)
process.stdout.write(id)
// Until it is killed.
setInterval(() => {}, 1000)
