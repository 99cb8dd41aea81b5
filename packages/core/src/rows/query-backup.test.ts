import { afterAll, beforeAll, expect, test } from 'vitest'
import { isEngineError } from '../errors.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { queryBackup } from './query-backup.ts'
import { rewindChanges, rewindFixture } from './rewind/rewind-fixture.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { autovacuum: 'off' } })
})
afterAll(() => cluster?.stop())
const { prepared } = rewindFixture(() => cluster)

test('a SELECT over the backup beside the live tables: then and now, partitions, what is gone; nothing remains', async () => {
  const { context, backup, contents } = await prepared('asked')
  await cluster.sql('asked', 'CREATE SCHEMA other; CREATE TABLE other.t (a int); INSERT INTO other.t VALUES (1), (1)')
  const backupId = await backup()
  await cluster.sql('asked', `${rewindChanges} DELETE FROM other.t`)
  await cluster.sql('asked', 'VACUUM (FULL) customer')
  const now = await contents()
  const ask = (sql: string) => queryBackup(context, { backupId, sql })

  expect(await ask('SELECT sum(total) AS total, (SELECT sum(total) FROM orders) AS now FROM was.orders')).toEqual({
    ...{ columns: ['total', 'now'], rows: [['13752750.00', '13711504.30']], more: false },
    ...{ tables: ['orders'], left_out: [] },
  })
  expect((await ask('SELECT count(*), count(DISTINCT tableoid) FROM was.log, pg_class LIMIT 0')).rows).toEqual([])
  expect((await ask('SELECT count(*), min(at), max(at) FROM was.log')).rows).toEqual([['1999', '1', '1999']])
  expect((await ask('SELECT count(*) FROM was.nothing')).rows).toEqual([['1']])
  expect((await ask('SELECT a FROM was_other.t')).rows).toEqual([['1'], ['1']])
  // Rewritten since: read whole.
  expect((await ask(`SELECT name FROM was.customer WHERE id IN (3, 2095) ORDER BY id`)).rows).toEqual([
    ['c3'],
    ['c2095'],
  ])
  expect((await ask('TABLE was.audit')).rows).toEqual([])
  const joined =
    'SELECT o.id FROM was.orders o JOIN was.customer c ON c.id = o.customer EXCEPT SELECT id FROM orders ORDER BY 1'
  expect((await ask(joined)).rows).toEqual([['4998'], ['4999']])
  expect(await contents()).toEqual(now)
})

test.each([
  ['DELETE FROM orders', /syntax error/],
  ['SELECT 1; DROP TABLE orders', /multiple commands/],
  ['WITH gone AS (DELETE FROM orders RETURNING 1) SELECT * FROM gone', /data-modifying|read-only/],
  [`SELECT nextval('customer_id_seq')`, /read-only/],
  [`SELECT setval('customer_id_seq', 1)`, /read-only/],
  [`SELECT query_to_xml('SELECT * FROM was.customer', true, true, '')`, /does not exist/],
  ['COMMIT', /syntax error/],
  ['SELECT * INTO x FROM orders', /INTO/],
])('what would write, or read what was not filled, is refused: %s', async (sql, message) => {
  const { context, backup } = await prepared('refused')
  const error = await queryBackup(context, { backupId: await backup(), sql }).catch((thrown: unknown) => thrown)
  expect(isEngineError(error) && error.message).toMatch(message)
  expect(await cluster.sql('refused', 'SELECT count(*)::int FROM orders')).toEqual([{ count: 5000 }])
})
