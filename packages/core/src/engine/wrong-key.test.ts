import { afterAll, beforeAll, expect, test } from 'vitest'
import { createBackupEngine } from '../engine.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'

/** The source is looked at while the key is derived: what goes wrong is still told in this order. */
let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE t AS SELECT 1 AS i')
})
afterAll(() => cluster.stop())

async function repositoryOf(passphrase: string) {
  const repository = createMemoryStorage()
  await createBackupEngine({ repository, encryption: { passphrase } }).repository.init()
  return repository
}

test('a wrong passphrase writes nothing, neither to the repository nor to the database', async () => {
  const repository = await repositoryOf('right')
  const before = (await Array.fromAsync(repository.list(''))).map(({ name }) => name).sort()
  const engine = createBackupEngine({ repository, encryption: { passphrase: 'wrong' }, database: cluster.url('app') })
  await expect(engine.backups.create()).rejects.toMatchObject({ code: 'WRONG_KEY' })
  expect((await Array.fromAsync(repository.list(''))).map(({ name }) => name).sort()).toEqual(before)
  expect(await cluster.sql('app', `SELECT FROM pg_namespace WHERE nspname = 'lifeboat'`)).toEqual([])
  const ours = `SELECT FROM pg_stat_activity WHERE application_name LIKE 'lifeboat: %'`
  await expect.poll(() => cluster.sql('app', ours)).toEqual([])
})

test('a wrong passphrase is told before a database that does not answer, and that one with the right key', async () => {
  const repository = await repositoryOf('right')
  const database = 'postgresql://nobody@127.0.0.1:1/app'
  const create = (passphrase: string) =>
    createBackupEngine({ repository, encryption: { passphrase }, database }).backups.create()
  await expect(create('wrong')).rejects.toMatchObject({ code: 'WRONG_KEY' })
  await expect(create('right')).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
})

test('the engine that has made the repository goes on with it', async () => {
  const repository = createMemoryStorage()
  const engine = createBackupEngine({
    ...{ repository, encryption: { passphrase: 'right' }, database: cluster.url('app') },
  })
  await engine.repository.init()
  expect(await engine.backups.create()).toMatchObject({ number: 1, row_count: 1 })
  await engine.stop()
})
