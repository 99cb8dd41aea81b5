/** Backs up a database, proves the backup, and restores it into a new database beside the old one. See README.md. */
import { createBackupEngine, isEngineError } from '@lifeboat/core'
import { openEnvironment } from './environment.ts'

const environment = await openEnvironment()
const engine = createBackupEngine({
  database: environment.databaseUrl,
  repository: environment.repository,
  encryption: environment.encryption,
  appName: 'script',
})
// Ctrl-C breaks off what is under way; it cleans up after itself.
const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())
const { signal } = interrupted

try {
  await engine.repository.init().catch((error: unknown) => {
    if (!isEngineError(error, 'REPOSITORY_EXISTS')) throw error
  })

  const backup = await engine.backups.create({
    name: 'by a program',
    tags: { release: '1.0' },
    signal,
    report: (event) => {
      if (event.type === 'phase') console.log(`  ${event.phase}`)
    },
  })
  console.log(`Backup ${backup.number} (${backup.id}): ${backup.logical_bytes} bytes, ${backup.stored_bytes} stored`)

  const { backups } = await engine.backups.list({ signal })
  for (const { number, name, created_at } of backups) console.log(`  ${number}  ${created_at}  ${name}`)

  const verified = await engine.backups.verify(backup.id, { levels: ['checksums'], signal })
  console.log(verified.ok ? 'Every byte of it reads back authentic.' : 'It is damaged!')

  const options = { strategy: 'new-database', targetDatabase: `restored_${Date.now()}` } as const
  const plan = await engine.restores.plan(backup.id, { ...options, signal })
  for (const { text } of plan.steps) console.log(`  ${text}`)
  const restored = await engine.restores.run(backup.id, { ...options, confirm: plan.hash, signal })
  console.log(`Restored ${restored.rows} rows into "${restored.database}".`)
} catch (error) {
  // Every failure has a code that does not change and says what to do next.
  if (!isEngineError(error)) throw error
  console.error(`${error.code}: ${error.message}\n${error.advice}`)
  process.exitCode = 1
} finally {
  await engine.stop()
  await environment.remove()
}
