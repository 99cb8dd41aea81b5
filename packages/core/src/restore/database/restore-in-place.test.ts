import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { resolveConnection } from '../../postgres/connection.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { defaultRestoreOptions } from '../options.ts'
import { planRestore } from '../plan/plan-restore.ts'
import { restoreFixture, shop } from '../restore-fixture.ts'
import { runRestore } from '../run-restore.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

const { contextOf, backup, restore, contents, shopDatabase } = restoreFixture(() => cluster)

test('in-place by a role that cannot create databases: equal, in one transaction', async () => {
  await cluster.sql('postgres', `CREATE ROLE plain LOGIN PASSWORD 'p'`)
  const user = { name: 'plain', password: 'p' }
  await cluster.createDatabase('hosted', { owner: 'plain' })
  const asPlain = { database: resolveConnection(cluster.url('hosted', user)) }
  const client = new Client({ connectionString: cluster.url('hosted', user) })
  await client.connect()
  await client.query(shop)
  await client.end()
  const before = await contents('hosted')
  const context = await contextOf('hosted', asPlain)
  const id = await backup(context)
  await expect(restore(context, id)).rejects.toMatchObject({ detail: { refusals: [{ code: 'NO_CREATEDB' }] } })
  await cluster.sql(
    'hosted',
    `SET ROLE plain; DROP TABLE purchase CASCADE; CREATE TABLE wreck (a mood); CREATE SCHEMA junk CREATE TABLE j (a int);
     CREATE FUNCTION public.junk(mood) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE DOMAIN d AS int; CREATE AGGREGATE agg (int) (sfunc = int4pl, stype = int);`,
  )
  const result = await restore(context, id, { strategy: 'in-place' })
  expect(result).toMatchObject({ rows: 25_002, keptDatabase: null, safetyBackupId: expect.stringMatching(/^b/) })
  expect(await contents('hosted')).toEqual(before)
  expect(
    await cluster.sql('hosted', `SELECT to_regclass('wreck') AS w, to_regnamespace('junk') AS j, to_regtype('d') AS d`),
  ).toEqual([{ w: null, j: null, d: null }])
})

test('in-place that fails in the middle leaves everything as it was', async () => {
  const before = await shopDatabase('halfway')
  const context = await contextOf('halfway')
  const id = await backup(context)
  await cluster.sql('halfway', 'INSERT INTO empty VALUES (1)')
  const wrecked = await contents('halfway')
  expect(wrecked).not.toEqual(before)
  const plan = await planRestore(context, {
    ...defaultRestoreOptions,
    backupId: id,
    strategy: 'in-place',
    safetyBackup: false,
  })
  for (const phase of ['read-all', 'clear', 'definitions', 'rows', 'refresh', 'count-rows', 'commit']) {
    const aborting = new AbortController()
    const running = runRestore(context, plan, {
      signal: aborting.signal,
      report: (event) => event.type === 'phase' && event.phase === phase && aborting.abort(),
    })
    const ended = await running.then(
      () => 'restored',
      (error: { code: string; message: string }) =>
        error.code === 'ABORTED' ? error.code : `${phase}: ${error.message}`,
    )
    if (phase === 'commit' && ended === 'restored') break
    expect(ended).toBe('ABORTED')
    expect(await contents('halfway')).toEqual(wrecked)
  }
})
