import { afterAll, beforeAll, expect, test } from 'vitest'
import { runBackup } from '../backup/run-backup.ts'
import { readManifest } from '../repository/documents/manifests.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { defaultRestoreOptions, type RestoreContext } from './options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { restoreFixture } from './restore-fixture.ts'
import { runRestore } from './run-restore.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())
const { backup, contextOf } = restoreFixture(() => cluster)

const total = { name: 'total', sql: 'SELECT sum(amount) AS total, count(*) FROM public.orders -- all of it;' }

async function orders(name: string, more: Partial<RestoreContext>): Promise<RestoreContext> {
  await cluster.createDatabase(name)
  await cluster.sql(name, 'CREATE TABLE orders (amount numeric(10,2)); INSERT INTO orders VALUES (1.50), (2.25)')
  return contextOf(name, more)
}

const restore = async (context: RestoreContext, backupId: string, report?: Parameters<typeof runRestore>[2]) =>
  runRestore(context, await planRestore(context, { ...defaultRestoreOptions, backupId, safetyBackup: false }), report)

test('are recorded in the snapshot and are the same once restored, whatever the live database has become', async () => {
  const context = await orders('kept', { invariants: [total] })
  const id = await backup(context)
  const { manifest } = await readManifest(context.repository, id)
  expect(manifest.invariants).toEqual([
    { name: 'total', sql_sha256: expect.stringMatching(/^[0-9a-f]{64}$/), value: '[{"total":3.75,"count":2}]' },
  ])
  await cluster.sql('kept', 'INSERT INTO orders VALUES (100)')
  await restore(context, id)
  expect(await cluster.sql('kept', 'SELECT count(*)::int FROM orders')).toEqual([{ count: 2 }])
})

test('one that is another after the restore stops it, and the live database stays', async () => {
  const invariants = [{ name: 'where', sql: 'SELECT current_database()' }]
  const context = await orders('differing', { invariants })
  const id = await backup(context)
  await cluster.sql('differing', 'INSERT INTO orders VALUES (100)')
  await expect(restore(context, id)).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    message: expect.stringContaining('Invariant "where" was [{"current_database":"differing"}] in the backup'),
    detail: { invariant: 'where' },
  })
  expect(await cluster.sql('differing', 'SELECT count(*)::int FROM orders')).toEqual([{ count: 3 }])
})

test('one that fails, writes or would end the transaction costs a warning and not the backup; a changed one is passed over', async () => {
  const invariants = [
    { name: 'broken', sql: 'SELECT * FROM nowhere' },
    { name: 'ending', sql: 'SELECT 1; COMMIT' },
    { name: 'breaking out', sql: 'SELECT 1) AS x; COMMIT; SELECT * FROM (SELECT 1' },
    { name: 'writing', sql: 'DELETE FROM public.orders RETURNING 1' },
    total,
  ]
  const context = await orders('failing', { invariants })
  const id = await backup(context)
  const { manifest } = await readManifest(context.repository, id)
  expect(manifest.invariants?.map(({ name, value }) => [name, value === null])).toEqual([
    ['broken', true],
    ['ending', true],
    ['breaking out', true],
    ['writing', true],
    ['total', false],
  ])
  const changed = [{ name: 'total', sql: 'SELECT current_database()' }]
  await restore({ ...context, invariants: changed }, id)
  expect(await cluster.sql('failing', 'SELECT count(*)::int FROM orders')).toEqual([{ count: 2 }])
})

test('where the backup leaves rows out, a difference is a warning', async () => {
  const context = await orders('partly', { invariants: [total] })
  const { manifest } = await runBackup(context, {
    ...{ name: 'x', description: '', type: 'full', trigger: 'manual', createdBy: 'test', tags: {} },
    ...{ includeMedia: false, pinned: false, lockBudgetMs: 'wait' },
    exclude: { tables: [], schemas: [], rows: ['public.orders'] },
  })
  const lines: string[] = []
  await restore(context, manifest.id, {
    report: (event) => void (event.type === 'log' && event.level === 'warning' && lines.push(event.message)),
  })
  expect(lines.join()).toContain('Invariant "total" was [{"total":3.75,"count":2}] in the backup')
})
