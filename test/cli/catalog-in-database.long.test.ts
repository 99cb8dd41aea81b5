import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { runCli } from './run-cli.ts'

// Each command is a process of its own.
vi.setConfig({ testTimeout: 300_000 })

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-cli-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

test('commands that do not know of the catalog in the database take it along all the same', async () => {
  const url = await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE users AS SELECT n AS id FROM generate_series(1, 500) AS n')
  const env = {
    DATABASE_URL: url,
    LIFEBOAT_REPOSITORY: join(folder, 'repository'),
    LIFEBOAT_PASSPHRASE: 'battery staple',
  }
  const run = async (...args: string[]) => {
    const result = await runCli(args, { env })
    expect(`${args[0]}: ${result.code} ${result.stderr}`).toMatch(/: 0 /)
    return result
  }
  // By the environment, and as the option of a file.
  const config = join(folder, 'lifeboat.config.mjs')
  await writeFile(config, `export default { catalog: { schema: 'lifeboat' } }`)
  const max = async (...where: string[]) =>
    ((await run('config', '--json', ...where)).json() as { config: { max_backups: number } }).config.max_backups
  await run('init')
  await run('config', 'max_backups=7', '--catalog', 'schema:lifeboat')
  await run('backup')
  expect((await run('show', 'latest')).stdout).toContain('lifeboat (the catalog)')
  const dry = await run('restore', 'latest', '--dry-run')
  expect(dry.stdout + dry.stderr).toContain('Take the catalog in schema "lifeboat" along')
  await run('restore', 'latest', '--yes')
  expect(await max('--config', config)).toBe(7)
  await run('config', 'max_backups=8', '--catalog', 'schema:lifeboat')
  await run('undo', 'latest', '--yes')
  expect(await max('--catalog', 'schema:lifeboat')).toBe(8)
  const refused = await runCli(['config', '--catalog', 'schema:public'], { env })
  expect(refused.code).toBe(2)
  expect(refused.stderr).toContain('catalog')
})
