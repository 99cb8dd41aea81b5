import { execFileSync } from 'node:child_process'
import { chown, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { canMount } from '../../packages/core/src/testing/can-mount.ts'

/** What root leaves behind in the application's folders, and what cannot be removed there. */
let cluster: TemporaryCluster
let folder: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('shop')
  await cluster.sql('shop', 'CREATE TABLE orders AS SELECT generate_series(1, 10) AS id')
})
afterAll(() => cluster?.stop())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-root-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const optionsOf = (more: Partial<EngineOptions> = {}): EngineOptions => ({
  ...{ database: cluster.url('shop'), repository: join(folder, 'repository'), encryption: 'none' },
  catalog: join(folder, 'catalog.sqlite'),
  ...more,
})

test.skipIf(process.getuid?.() !== 0)(
  'all that one backup by root makes belongs to the owner of the folders',
  async () => {
    const user = { uid: 65_534, gid: 65_533 }
    await mkdir(join(folder, 'repository'))
    for (const path of [folder, join(folder, 'repository')]) await chown(path, user.uid, user.gid)
    const engine = createBackupEngine(optionsOf())
    await engine.repository.init()
    await engine.backups.create()
    const others: string[] = []
    for (const name of await readdir(folder, { recursive: true })) {
      const { uid, gid } = await stat(join(folder, name))
      if (uid !== user.uid || gid !== user.gid) others.push(name)
    }
    expect(others).toEqual([])
    await engine.stop()
  },
)

test.skipIf(!canMount())('exported files that cannot be removed stop no deletion, and are named', async () => {
  const engine = createBackupEngine(optionsOf())
  await engine.repository.init()
  const ids: string[] = []
  for (let count = 0; count < 4; count++) ids.push((await engine.backups.create()).id)
  const stuck: string[] = []
  for (const id of ids.slice(0, 2)) {
    await engine.backups.exportToFolder(id)
    const busy = join(folder, 'repository', 'exports', id, 'busy')
    await mkdir(busy)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', busy])
    stuck.push(busy)
  }
  try {
    const warnings: string[] = []
    const report = (event: { type: string; message?: string }) => {
      if (event.type === 'log') warnings.push(event.message ?? '')
    }
    await engine.backups.delete(ids[0] as string, { report })
    await engine.retention.run({ maxBackups: 1, yesRemove: 2, report })
    expect((await engine.backups.list()).rows.map(({ id }) => id)).toEqual([ids[3]])
    for (const id of ids.slice(0, 2))
      expect(warnings.join('\n')).toContain(`are still in ${join(folder, 'repository', 'exports', id)}: `)
  } finally {
    for (const busy of stuck) execFileSync('umount', [busy])
    await engine.stop()
  }
})
