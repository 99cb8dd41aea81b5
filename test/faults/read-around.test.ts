import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { createMemoryStorage } from '@lifeboat/core/storage'
import { type Storage, startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { expect, test } from 'vitest'

async function damage(storage: Storage, prefix: string): Promise<number> {
  let damaged = 0
  for await (const { name } of storage.list(prefix)) {
    const data = Buffer.from(await storage.get(name))
    data[data.length >> 1] = (data[data.length >> 1] as number) ^ 1
    await storage.put(name, data)
    damaged++
  }
  return damaged
}

/** A small database and an engine on a repository in memory. */
async function withEngine(
  work: (on: { cluster: TemporaryCluster; storage: Storage; engine: BackupEngine }) => Promise<void>,
): Promise<void> {
  const cluster = await startTemporaryCluster()
  try {
    await cluster.createDatabase('app')
    await cluster.sql('app', 'CREATE TABLE t (v int); INSERT INTO t SELECT generate_series(1, 100)')
    const storage = createMemoryStorage()
    const engine = createBackupEngine({ database: cluster.url('app'), repository: storage, encryption: 'none' })
    await engine.repository.init()
    await work({ cluster, storage, engine })
    await engine.stop()
  } finally {
    await cluster.stop()
  }
}

test('status does not call a backup good whose pack a check found gone, until a verification does', () =>
  withEngine(async ({ storage, engine }) => {
    await engine.backups.create()
    await engine.backups.create()
    expect(await engine.status()).toMatchObject({ level: 'ok' })
    const packs = new Map<string, Buffer>()
    for await (const { name } of storage.list('packs/')) packs.set(name, Buffer.from(await storage.get(name)))
    for (const name of packs.keys()) await storage.delete(name)
    expect(await engine.maintenance.check()).toMatchObject({ ok: false })
    expect(await engine.status()).toMatchObject({ level: 'failed' })
    for (const [name, data] of packs) await storage.put(name, data)
    expect(await engine.maintenance.check()).toMatchObject({ ok: true })
    await engine.backups.verify('latest')
    expect(await engine.status()).not.toMatchObject({ level: 'failed' })
  }))

test('a check tells what it found also where nothing can be written', () =>
  withEngine(async ({ storage, engine }) => {
    const { id } = await engine.backups.create()
    for await (const { name } of storage.list('packs/')) await storage.delete(name)
    const put = storage.put.bind(storage)
    storage.put = (name, ...rest) =>
      name.startsWith('verified/') ? Promise.reject(new Error('read only')) : put(name, ...rest)
    const warnings: string[] = []
    const { problems } = await engine.maintenance.check({
      report: (event) => event.type === 'log' && event.level === 'warning' && warnings.push(event.message),
    })
    expect(problems.flatMap(({ backups }) => backups)).toContain(id)
    expect(warnings.join()).toContain('read only')
  }))

test('damaged index objects and marks are found by a check, and keep no backup from being made or restored', () =>
  withEngine(async ({ cluster, storage, engine }) => {
    await engine.backups.create()
    await cluster.sql('app', 'UPDATE t SET v = v + 1')
    await engine.backups.create()
    await engine.backups.delete('1')
    expect(await damage(storage, 'index/')).toBeGreaterThan(0)
    await storage.put(`marks/${'0a'.repeat(16)}`, Buffer.from('not a mark any more'))
    expect(await engine.maintenance.check()).toMatchObject({ ok: false })

    const request = { strategy: 'new-database', targetDatabase: 'restored', safetyBackup: false } as const
    await engine.restores.run('2', { ...request, confirm: true })
    expect(await cluster.sql('restored', 'SELECT sum(v)::int AS sum FROM t')).toEqual([{ sum: 5150 }])
    // The packs' own tables tell a writer what the index did; a mark that nobody can read marks nothing.
    await cluster.sql('app', 'UPDATE t SET v = v + 1')
    await engine.backups.create()
    await engine.restores.run('3', { ...request, targetDatabase: 'newer', confirm: true })
    expect(await cluster.sql('newer', 'SELECT sum(v)::int AS sum FROM t')).toEqual([{ sum: 5250 }])
  }))
