import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareMigrations } from '../../packages/core/src/migrations/compare.ts'
import { describeMigrations } from '../../packages/core/src/migrations/describe.ts'
import { mapRoles } from '../../packages/core/src/restore/database/definitions/map-roles.ts'
import { openStorage } from '../../packages/core/src/storage/open-storage.ts'
import { runCli } from '../cli/run-cli.ts'

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

test.each(['exclude', 'resources', 'throttle', 'media'] as const)(
  'a misspelled option within %s is refused, not passed over',
  (option) => {
    const wrong = { exclude: { table: ['t'] }, resources: { conections: 1 }, throttle: { uplod: 1 } }
    const value = option === 'media' ? [{ path: '/srv', nmae: 'x' }] : wrong[option]
    expect(() => createBackupEngine({ repository: folder, [option]: value } as never)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/table|conections|uplod|nmae/),
      }),
    )
  },
)

test('a migration that is called "constructor" is listed by that name', () => {
  const known = inherited.map((id) => ({ id }))
  const comparison = compareMigrations({ applied: [], known })
  expect(describeMigrations(comparison).text).toContain(inherited.slice(0, 3).join(', '))
})

test('where several databases are configured, retention looks at all of them without a label', async () => {
  const { decisions } = await engine.retention.preview({ maxBackups: 1 })
  expect(decisions).toMatchObject([{ number: 1, keep: true }])
})

test.each(inherited)('lifeboat key %s is no action', async (name) => {
  const { code, stderr } = await runCli(['key', name, '--repository', join(folder, 'backups')])
  expect([code, stderr]).toEqual([2, expect.stringContaining(`There is no key "${name}".`)])
})

test.each(inherited)('%s is no scheme, tag or kind of definition', async (name) => {
  expect(() => openStorage(`${name.replaceAll('_', '')}://place`)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  )
  expect(mapRoles('GRANT ALL TO shop', name, { shop: 'other' })).toBe('GRANT ALL TO shop')
})
