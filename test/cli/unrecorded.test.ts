import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

/** At night, when the repository takes no record: each dangerous command says the way out, and goes ahead by it. */
let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>
const run = (...args: string[]) => runCli([...args, '--encryption', 'none', '--quiet', '--yes'], { env, cwd: folder })
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-unrecorded-'))
  await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE t AS SELECT 1 AS id')
  env = { DATABASE_URL: cluster.url('app'), LIFEBOAT_REPOSITORY: join(folder, 'backups'), HOME: folder }
  for (const args of [['init'], ['backup'], ['backup']]) expect(await run(...args)).toMatchObject({ code: 0 })
  for (const name of ['audit', 'facts']) {
    await rm(join(folder, 'backups', name), { recursive: true, force: true })
    await writeFile(join(folder, 'backups', name), '')
  }
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test.each([
  ['restore', 'latest', '--without-safety-backup'],
  ['undo', 'latest'],
  ['query', 'latest', 'SELECT 1'],
  ['delete', '1'],
])('%s', { timeout: 60_000 }, async (...args) => {
  const refused = await run(...args)
  expect(refused.code, refused.stderr).toBe(1)
  expect(refused.stderr).toContain('AUDIT_UNAVAILABLE')
  expect(refused.stderr).toContain('--unrecorded REASON')
  const done = await run(...args, '--unrecorded', 'the storage is read-only')
  expect(done.code, done.stderr).toBe(0)
})
