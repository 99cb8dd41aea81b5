import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { createMemoryStorage } from '@lifeboat/core/storage'
import { startTemporaryCluster } from '@lifeboat/core/testing'
import { expect, test } from 'vitest'

test('media that cannot be put into place after the swap: the result says that the database is restored', async () => {
  const cluster = await startTemporaryCluster()
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-media-swap-'))
  const media = join(folder, 'uploads')
  try {
    await cluster.createDatabase('app')
    await cluster.sql('app', 'CREATE TABLE t (v int); INSERT INTO t VALUES (1)')
    await mkdir(media)
    await writeFile(join(media, 'file'), 'of the backup')
    const engine = createBackupEngine({
      database: cluster.url('app'),
      repository: createMemoryStorage(),
      encryption: 'none',
      media: [media],
      validators: [
        {
          name: 'takes the unpacked folder away',
          async validate() {
            for (const name of await readdir(folder))
              if (name !== 'uploads') await rm(join(folder, name), { recursive: true })
          },
        },
      ],
    })
    await engine.repository.init()
    await engine.backups.create({ includeMedia: true })
    await cluster.sql('app', 'UPDATE t SET v = 2')
    await writeFile(join(media, 'file'), 'changed since')

    const result = await engine.restores.run('1', { restoreMedia: true, confirm: true })
    expect(result).toMatchObject({
      status: 'succeeded_with_problems',
      swapped: true,
      kept_database: expect.stringMatching(/^app_before_/),
      safety_backup_id: expect.stringMatching(/^b/),
      media: [],
      problems: [{ code: 'MEDIA_NOT_IN_PLACE', advice: expect.stringContaining('undo') }],
    })
    expect(await cluster.sql('app', 'SELECT v FROM t')).toEqual([{ v: 1 }])
    expect(await readFile(join(media, 'file'), 'utf8'), 'the old folder is back in place').toBe('changed since')
    await engine.restores.undo('latest')
    expect(await cluster.sql('app', 'SELECT v FROM t')).toEqual([{ v: 2 }])
    await engine.stop()
  } finally {
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
})

test('media that wait for their place after the swap come there with doctor --fix', async () => {
  const cluster = await startTemporaryCluster()
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-media-wait-'))
  const media = join(folder, 'uploads')
  try {
    await cluster.createDatabase('app')
    await cluster.sql('app', 'CREATE TABLE t (v int); INSERT INTO t VALUES (1)')
    await mkdir(media)
    await writeFile(join(media, 'file'), 'of the backup')
    const engine = createBackupEngine({
      database: cluster.url('app'),
      repository: createMemoryStorage(),
      encryption: 'none',
      media: [media],
      validators: [
        {
          name: 'moves the unpacked folder away',
          async validate() {
            await mkdir(join(folder, 'aside'), { recursive: true })
            for (const name of await readdir(folder))
              if (name.includes('restoring')) await rename(join(folder, name), join(folder, 'aside', 'fresh'))
          },
        },
      ],
    })
    await engine.repository.init()
    await engine.backups.create({ includeMedia: true })
    await writeFile(join(media, 'file'), 'changed since')
    const result = await engine.restores.run('1', { restoreMedia: true, confirm: true })
    expect(result).toMatchObject({ status: 'succeeded_with_problems', problems: [{ code: 'MEDIA_NOT_IN_PLACE' }] })
    await rename(join(folder, 'aside', 'fresh'), join(folder, `uploads.restoring-${result.id}`))
    const left = (await engine.doctor()).checks.filter(({ id }) => id === 'restore.leftovers')
    expect(left).toMatchObject([{ level: 'warning', advice: expect.stringContaining('cleanLeftovers()') }])
    await engine.doctor({ fix: true })
    expect(await readFile(join(media, 'file'), 'utf8')).toBe('of the backup')
    await engine.stop()
  } finally {
    await cluster.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
