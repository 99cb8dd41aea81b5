import { afterAll, beforeAll, expect, test } from 'vitest'
import { promisedKibibytesPerTable, promisedMebibytes } from './measured-run.ts'
import { type ScaleSetting, startScaleSetting } from './scale-setting.ts'

const tables = 10_000
let setting: ScaleSetting

beforeAll(async () => {
  setting = await startScaleSetting(
    async (cluster) => {
      for (let first = 0; first < tables; first += 1000)
        await cluster.sql(
          'large',
          `DO $$ BEGIN FOR n IN ${first}..${first + 999} LOOP
             EXECUTE format('CREATE TABLE table_%s (id int PRIMARY KEY, note text)', n);
             EXECUTE format('INSERT INTO table_%s SELECT i, ''row '' || i FROM generate_series(1, %s) i', n, 1 + n % 3);
           END LOOP; END $$`,
        )
    },
    { max_locks_per_transaction: 512 },
  )
}, 600_000)
afterAll(() => setting?.stop())

test('10,000 tables', async () => {
  const made = await setting.backup()
  expect(made.result).toMatchObject({ table_count: tables, row_count: 19_999 })
  const restored = await setting.restore()
  expect(restored.result).toMatchObject({ tables, rows: 19_999 })
  const [row] = await setting.cluster.sql<{ tables: number; keys: number }>(
    'restored',
    `SELECT count(*) FILTER (WHERE relkind = 'r')::int AS tables, count(*) FILTER (WHERE relkind = 'i')::int AS keys
     FROM pg_class WHERE relnamespace = 'public'::regnamespace`,
  )
  expect(row).toEqual({ tables, keys: tables })
  const others = [await setting.verify(), await setting.export()]
  const promised = promisedMebibytes + (tables * promisedKibibytesPerTable) / 1024
  for (const { aboveBareMebibytes } of [made, restored, ...others])
    expect(aboveBareMebibytes).toBeLessThanOrEqual(promised)
})
