import { chmod, chown, cp, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { createLocalStorage, type Storage } from '@lifeboat/core/storage'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createGround } from '../../packages/core/src/actions/create-ground.ts'
import { parseEngineOptions } from '../../packages/core/src/config.ts'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { openSession } from '../../packages/core/src/postgres/session.ts'
import { newRestoreId } from '../../packages/core/src/restore/names.ts'
import { lockRestore } from '../../packages/core/src/restore/restore-lock.ts'
import { wrapStorage } from '../../packages/core/src/storage/wrap.ts'

let cluster: TemporaryCluster
let folder: string
const engines: BackupEngine[] = []
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-at-once-'))
  await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE t AS SELECT n FROM generate_series(1, 100) AS n')
  const engine = engineOn(createLocalStorage(join(folder, 'prepared'), { create: true }))
  await engine.repository.init()
  for (let n = 1; n <= 2; n++) await engine.backups.create()
})
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop()
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

function engineOn(repository: Storage): BackupEngine {
  const engine = createBackupEngine({
    ...{ database: cluster.url('shop'), repository, encryption: 'none', catalog: ':memory:' },
    resources: { connections: 2 },
  })
  engines.push(engine)
  return engine
}

let copies = 0
async function copyOfPrepared(): Promise<string> {
  const copy = join(folder, `copy-${++copies}`)
  await cp(join(folder, 'prepared'), copy, { recursive: true, preserveTimestamps: true })
  return copy
}

test.each(['delete', 'retention'] as const)('a delete and a %s at once leave a backup', async (other) => {
  const local = createLocalStorage(await copyOfPrepared())
  const secondIsThere = Promise.withResolvers<void>()
  const firstDeletes = Promise.withResolvers<void>()
  // The first has looked, and is about to delete.
  const first = wrapStorage(local, {
    async delete(name, options) {
      if (name.startsWith('backups/')) {
        firstDeletes.resolve()
        await secondIsThere.promise
      }
      return local.delete(name, options)
    },
  })
  let looks = 0
  // The second waits for the lease: it has looked at it more than once.
  const second = wrapStorage(local, {
    list(prefix, options) {
      if (prefix === 'leases/forget/' && ++looks > 1) secondIsThere.resolve()
      return local.list(prefix, options)
    },
  })
  const deleting = engineOn(first).backups.delete('2')
  await firstDeletes.promise
  const engine = engineOn(second)
  const work = other === 'delete' ? engine.backups.delete('1') : engine.retention.run({ maxBackups: 1, yesRemove: 1 })
  const outcome = work.finally(() => secondIsThere.resolve())
  await expect(outcome).rejects.toMatchObject({ code: 'BACKUP_LAST_GOOD' })
  await deleting
  expect((await engine.backups.list()).backups.map(({ number }) => number)).toEqual([1])
})

test('a restore that stood still between its plan and its locks plans again', async () => {
  const repository = createLocalStorage(await copyOfPrepared())
  const ground = createGround(
    parseEngineOptions({ database: cluster.url('shop'), repository, encryption: 'none', catalog: ':memory:' }),
  )
  await cluster.createDatabase('replaced')
  const id = newRestoreId()
  const holder = await openSession(resolveConnection(cluster.url('postgres')), { application: 'holder' })
  try {
    await lockRestore(holder.query, id)
    const restoring = ground.restores.run('1', { id, confirm: true, targetDatabase: 'replaced', intoOther: true })
    restoring.catch(() => {})
    await vi.waitUntil(
      async () => (await holder.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")).length > 0,
      { timeout: 240_000, interval: 100 },
    )
    // There is nothing to be backed up and replaced any more.
    await holder.query('DROP DATABASE replaced')
    await holder.close()
    await expect(restoring).rejects.toMatchObject({ code: 'PLAN_CHANGED' })
  } finally {
    await ground.stop()
  }
})

test.skipIf(process.getuid?.() !== 0)(
  'what another user owns is listed as unreadable, and the rest is listed',
  async () => {
    const repository = await copyOfPrepared()
    const engine = engineOn(createLocalStorage(repository))
    const [newest] = (await engine.backups.list()).backups
    await engine.backups.pin('1')
    // As the user of the application: what root has pinned and backed up by hand is root's.
    const own = engineOn(createLocalStorage(repository))
    const files = await readdir(repository, { recursive: true })
    for (const file of files) await chown(join(repository, file), 65_534, 65_534)
    await chown(repository, 65_534, 65_534)
    await chmod(folder, 0o755)
    for (const name of [`backups/${newest?.id}`, `pins/${newest && (await engine.backups.get('1')).id}`])
      await chown(join(repository, name), 0, 0)
    process.seteuid?.(65_534)
    try {
      const { backups, damaged, unreadable } = await own.backups.list()
      expect(backups.map(({ number, pinned }) => ({ number, pinned }))).toEqual([{ number: 1, pinned: true }])
      expect(damaged).toEqual([expect.objectContaining({ id: newest?.id, code: 'STORAGE_DENIED' })])
      expect(unreadable).toEqual([
        expect.objectContaining({ code: 'STORAGE_DENIED', message: expect.stringMatching(/pins/) }),
      ])
    } finally {
      process.seteuid?.(0)
    }
  },
)
