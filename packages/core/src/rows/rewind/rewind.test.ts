import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { defaultRewindOptions } from './options.ts'
import { planRewind } from './plan-rewind.ts'
import { rewindChanges, rewindFixture, rewindSchema } from './rewind-fixture.ts'
import { keptRewinds, undoRewind } from './undo-rewind.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { autovacuum: 'off' } })
})
afterAll(() => cluster?.stop())

const { prepared } = rewindFixture(() => cluster)

const triggers = `SELECT tgname || tgenabled::text AS state FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgrelid, tgname`

test.each(['superuser', 'owner'] as const)(
  'everything that changed is taken back, and nothing else happens; undo brings it again: as %s',
  async (who) => {
    if (who === 'owner') await cluster.sql('postgres', `CREATE ROLE plain LOGIN PASSWORD 'x'`)
    const name = `whole_${who}`
    // The changes are made by a superuser.
    const { context, backup, rewind, contents } = await prepared(
      name,
      rewindSchema,
      who === 'owner' ? 'plain' : undefined,
    )
    const before = await contents()
    const id = await backup()
    await cluster.sql(name, rewindChanges)
    const after = await contents()
    const states = await cluster.sql(name, triggers)
    const plan = await planRewind(context, { ...defaultRewindOptions, safetyBackup: false, backupId: id })
    expect(plan).toMatchObject({ refusals: [], way: who === 'owner' ? 'owner' : 'replica' })
    expect(plan.tables.find(({ table }) => table === 'orders')?.counts).toEqual({
      ...{ inserted: 1, updated: 10, deleted: 2, touched: 0 },
    })
    const result = await rewind(id)
    expect(result.tables.map(({ table }) => table).sort()).toEqual([
      'audit',
      'customer',
      'log_1',
      'log_2',
      'nothing',
      'orders',
    ])
    expect(await contents()).toEqual(before)
    expect(await cluster.sql(name, triggers)).toEqual(states)
    expect(await cluster.sql(name, 'SELECT * FROM audit')).toEqual([])

    expect(await keptRewinds(context)).toMatchObject([{ id: result.rewindId, backup: id }])
    await undoRewind(context, result.rewindId)
    expect(await contents()).toEqual(after)
    expect(await cluster.sql(name, triggers)).toEqual(states)
    expect(await keptRewinds(context)).toEqual([])
    // And once more: what undo wrote is newer than the backup, too.
    await rewind(id)
    expect(await contents()).toEqual(before)
    expect(await rewind(id)).toMatchObject({ tables: [] })
  },
)

test('new rows are kept where that is asked for; the wrong UPDATE is taken back', async () => {
  const { backup, rewind } = await prepared('kept')
  const id = await backup()
  await cluster.sql(
    'kept',
    `UPDATE orders SET total = 0; INSERT INTO orders VALUES (7001, 1, NULL, 5, 'new'), (7002, 2, 7001, 6, 'new')`,
  )
  const result = await rewind(id, { tables: ['orders'], keepNew: true })
  expect(result.tables).toEqual([{ table: 'orders', putBack: 5000, takenOut: 5000 }])
  expect(await cluster.sql('kept', `SELECT count(*)::int, sum(total)::text, max(id) FROM orders`)).toEqual([
    { count: 5002, sum: '13752761.00', max: 7002 },
  ])
})

test('sequences go back only where that is asked for', async () => {
  const { backup, rewind } = await prepared('sequences')
  const id = await backup()
  await cluster.sql('sequences', `INSERT INTO customer (name) VALUES ('new')`)
  const last = async () => (await cluster.sql('sequences', 'SELECT last_value::int AS at FROM customer_id_seq'))[0]
  await rewind(id)
  expect(await last()).toEqual({ at: 2101 })
  await cluster.sql('sequences', `INSERT INTO customer (name) VALUES ('new')`)
  await rewind(id, { sequences: 'exact' })
  expect(await last()).toEqual({ at: 2100 })
})

test('a partitioned table is named as one; other tables stay as they are', async () => {
  const { backup, rewind } = await prepared('parts')
  const id = await backup()
  await cluster.sql('parts', `UPDATE log SET at = at + 1000 WHERE at = 5; UPDATE orders SET total = 0 WHERE id = 1`)
  const result = await rewind(id, { tables: ['log'] })
  expect(result.tables.map(({ table }) => table).sort()).toEqual(['log_1', 'log_2'])
  const after = 'SELECT count(*)::int, (SELECT total::text FROM orders WHERE id = 1) FROM log_1 WHERE at = 5'
  expect(await cluster.sql('parts', after)).toEqual([{ count: 1, total: '0' }])
})
