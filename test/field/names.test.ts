import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mapRoles } from '../../packages/core/src/restore/database/definitions/map-roles.ts'
import { openStorage } from '../../packages/core/src/storage/open-storage.ts'

/** Names that every object has, and that nobody gave: looked up in a table of ours they must not be found. */
const inherited = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']

let cluster: TemporaryCluster
let folder: string
let engine: BackupEngine
const environment = { ...process.env }
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-names-'))
  await cluster.createDatabase('shop')
  await cluster.createDatabase('of_the_environment')
  // What pg would connect to where it is given nothing.
  Object.assign(process.env, { PGHOST: '127.0.0.1', PGPORT: String(cluster.port), PGUSER: 'postgres' })
  Object.assign(process.env, { PGPASSWORD: 'temporary', PGDATABASE: 'of_the_environment' })
  engine = createBackupEngine({
    ...{ databases: { main: cluster.url('shop'), other: cluster.url('shop') }, repository: join(folder, 'backups') },
    ...{ encryption: 'none', catalog: ':memory:' },
  })
  await engine.repository.init()
  await engine.backups.create({ database: 'main' })
})
afterAll(async () => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name]
  await engine?.stop()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

test.each(inherited)('%s is no label of a database, whatever is asked', async (label) => {
  const calls = [
    () => engine.backups.create({ database: label }),
    () => engine.backups.list({ database: label }),
    () => engine.backups.get('latest', { database: label }),
    () => engine.status({ database: label }),
    () => engine.restores.plan('1', { database: label }),
    () => engine.restores.kept({ database: label }),
    () => engine.maintenance.cleanLeftovers({ database: label }),
    () => engine.tasks.start('backups.create', { database: label }),
    () => engine.backups.list({ database: label }),
    () => engine.tasks.start('retention.run', { database: label }),
    () => engine.copies.update(label),
  ]
  for (const call of calls)
    await expect(call(), String(call)).rejects.toMatchObject({
      code: expect.stringMatching(/^(CONFIG_INVALID|COPY_NOT_FOUND)$/),
    })
  const { checks } = await engine.doctor({ database: label })
  expect(checks.find(({ id }) => id.startsWith('database'))?.level).toBe('failed')
})

test.each(inherited)('%s is no scheme, tag or kind of definition', async (name) => {
  expect(() => openStorage(`${name.replaceAll('_', '')}://place`)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  )
  expect(mapRoles('GRANT ALL TO shop', name, { shop: 'other' })).toBe('GRANT ALL TO shop')
})
