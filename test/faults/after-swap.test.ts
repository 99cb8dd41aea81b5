import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBackupEngine, type EngineOptions } from '../../packages/core/src/index.ts'

let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-after-swap-'))
  await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE items AS SELECT n AS id FROM generate_series(1, 100) AS n')
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

const count = async () => (await cluster.sql<{ n: number }>('shop', 'SELECT count(*)::int AS n FROM items'))[0]?.n

test('a restore whose process dies right after the swap has succeeded, and can be undone', async () => {
  const options: EngineOptions = {
    database: cluster.url('shop'),
    repository: join(folder, 'repository'),
    catalog: join(folder, 'catalog.sqlite'),
    encryption: { rawKey: '07'.repeat(32) },
  }
  const engine = createBackupEngine(options)
  await engine.repository.init()
  const { id: backup } = await engine.backups.create({ name: 'before' })
  await cluster.sql('shop', 'DELETE FROM items')
  const program = fileURLToPath(new URL('./dies-after-swap.ts', import.meta.url))
  const id = await new Promise<string>((resolve, reject) => {
    const argument = JSON.stringify({ backup, options })
    const died = (error: { signal?: string | null } | null, stdout: string, stderr: string) =>
      error?.signal === 'SIGKILL' ? resolve(stdout) : reject(new Error(`It did not die as it should: ${stderr}`))
    execFile(process.execPath, ['--no-warnings', program, argument], died)
  })
  expect(await count()).toBe(100)
  try {
    await engine.start()
    // Its lease has to run out first.
    const status = async () => (await engine.restores.get(id)).status
    await expect.poll(status, { timeout: 300_000, interval: 500 }).not.toBe('running')
    expect(await engine.restores.get(id)).toMatchObject({
      status: 'succeeded',
      backup_id: backup,
      kept_database: expect.stringContaining('shop_before_'),
      undo_until: expect.any(String),
      error: null,
    })
    const { task_id } = await engine.tasks.start(
      'restores.undo',
      { restore: id },
      { as: { id: 'test', role: 'admin' } },
    )
    const ended = async () => (await engine.tasks.get(task_id))?.status
    await expect.poll(ended, { timeout: 300_000 }).toBe('succeeded')
    expect(await count()).toBe(0)
    expect((await engine.restores.get(id)).status).toBe('undone')
  } finally {
    await engine.stop()
  }
}, 900_000)
