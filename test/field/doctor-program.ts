/**
 * What doctor finds, as JSON. As another user where an account is named: root becomes it when all modules are loaded, since a
 * checkout in a folder of root alone cannot be read by others.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine, type EngineOptions } from '../../packages/core/src/index.ts'

const [, , asked, account] = process.argv
const options = JSON.parse(asked as string) as EngineOptions
if (account !== undefined) {
  await loadModules()
  process.setgroups?.([])
  process.setgid?.(Number(account))
  process.setuid?.(Number(account))
}
process.stdout.write(JSON.stringify(await found(options)))

/** By the same question about a place of its own. */
async function loadModules(): Promise<void> {
  const place = await mkdtemp(join(tmpdir(), 'lifeboat-modules-'))
  const catalog = typeof options.catalog === 'string' ? { catalog: join(place, 'catalog.sqlite') } : {}
  await found({ ...options, repository: join(place, 'repository'), ...catalog })
  await rm(place, { recursive: true })
}

async function found(about: EngineOptions) {
  const engine = createBackupEngine(about)
  const { checks } = await engine.doctor()
  await engine.stop()
  return checks
}
