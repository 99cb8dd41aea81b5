/** A worker process: in an application of your own, the one that has the other BullMQ workers too. */
import { openBackupEngine } from './backup-engine.ts'

const engine = await openBackupEngine({ work: true })
await engine.start()
console.log('Working for the queue.')

// What runs is broken off, and another worker takes it up.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => engine.stop())
