/**
 * What doctor finds, as JSON. As another user where an account is named: root becomes it when all modules are loaded, since a
 * checkout in a folder of root alone cannot be read by others.
 */
import { createBackupEngine, type EngineOptions } from '../../packages/core/src/index.ts'

const [, , options, account] = process.argv
if (account !== undefined) {
  await found()
  process.setgroups?.([])
  process.setgid?.(Number(account))
  process.setuid?.(Number(account))
}
process.stdout.write(JSON.stringify(await found()))

async function found() {
  const engine = createBackupEngine(JSON.parse(options as string) as EngineOptions)
  const { checks } = await engine.doctor()
  await engine.stop()
  return checks
}
