import { createBackupEngine } from '../../packages/core/dist/index.js'

/** Runs by startApplication: a backup for each message, and tells how many seconds it took. */
const engine = createBackupEngine({
  database: process.env.DATABASE_URL as string,
  repository: process.env.LIFEBOAT_REPOSITORY as string,
  encryption: { passphrase: process.env.LIFEBOAT_PASSPHRASE as string },
  appName: 'bench',
})
await engine.backups.create()
process.on('message', async () => {
  const started = performance.now()
  await engine.backups.create()
  process.send?.((performance.now() - started) / 1000)
})
process.on('disconnect', () => engine.stop())
process.send?.('ready')
