import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { maskingPolicySchema } from '../masking/policy.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { defaultRestoreOptions } from './options.ts'
import { planRestore } from './plan/plan-restore.ts'
import { restoreFixture } from './restore-fixture.ts'
import { runRestore } from './run-restore.ts'

let cluster: TemporaryCluster
const { contextOf, backup, restore, databases } = restoreFixture(() => cluster)

beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

const into = (targetDatabase: string) => ({ strategy: 'new-database', targetDatabase, masked: true }) as const
const policy = (tables: object, subset: object, key = 'a key of sixteen characters') =>
  maskingPolicySchema.parse({ key, tables, subset })

const shop = `
  CREATE TABLE country (code text PRIMARY KEY, name text);
  INSERT INTO country VALUES ('DE', 'Germany'), ('AT', 'Austria'), ('FR', 'France');
  CREATE TABLE customer (id int PRIMARY KEY, country text REFERENCES country, invited_by int REFERENCES customer, name text);
  INSERT INTO customer SELECT i, CASE WHEN i % 3 = 0 THEN 'DE' ELSE 'AT' END, CASE WHEN i > 1000 THEN i - 1000 END, 'Jane Original ' || i FROM generate_series(1, 2000) i;
  CREATE TABLE product (id int PRIMARY KEY, price numeric); INSERT INTO product SELECT i, i FROM generate_series(1, 100) i;
  CREATE TABLE purchase (id int, at timestamptz NOT NULL, customer int NOT NULL REFERENCES customer, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
  CREATE TABLE purchase_1 PARTITION OF purchase FOR VALUES FROM ('2026-01-01Z') TO ('2026-07-01Z');
  CREATE TABLE purchase_2 (at timestamptz NOT NULL, customer int NOT NULL, id int NOT NULL);
  ALTER TABLE purchase ATTACH PARTITION purchase_2 FOR VALUES FROM ('2026-07-01Z') TO ('2027-01-01Z');
  INSERT INTO purchase SELECT i, timestamptz '2026-01-01Z' + i * interval '1 hour', 1 + i % 2000 FROM generate_series(1, 8000) i;
  CREATE TABLE line (purchase int, at timestamptz, product int REFERENCES product, n int, FOREIGN KEY (purchase, at) REFERENCES purchase (id, at) MATCH FULL);
  INSERT INTO line SELECT id, at, 1 + id % 10, 1 FROM purchase; INSERT INTO line VALUES (NULL, NULL, 1, 0);
  CREATE TABLE migrations (name text); INSERT INTO migrations VALUES ('1');
  CREATE TABLE visit (customer int, at date); INSERT INTO visit SELECT i, date '2026-01-01' FROM generate_series(1, 50) i;
  CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''a trigger fired''; END';
  CREATE TRIGGER fires BEFORE INSERT ON customer FOR EACH ROW EXECUTE FUNCTION fires();
  CREATE MATERIALIZED VIEW per_country AS SELECT country, count(*) FROM customer GROUP BY country;
`
const columns = { customer: { id: 'keep', country: 'keep', invited_by: 'keep', name: 'name' } }
const masks = {
  ...columns,
  ...{ country: 'keep', product: 'keep', purchase: 'keep', line: 'keep', migrations: 'keep', visit: 'keep' },
}
const subset = {
  from: [{ table: 'customer', share: 0.05 }],
  children: ['purchase', 'line'],
  whole: ['country', 'migrations'],
  others: 'empty',
}

describe('a subset of a shop', () => {
  let id: string
  let context: Awaited<ReturnType<typeof contextOf>>
  beforeAll(async () => {
    await cluster.createDatabase('shop')
    await cluster.sql('shop', shop)
    context = await contextOf('shop', { masking: policy(masks, subset) })
    id = await backup(context)
  })
  const under = (changes: object, key?: string) => ({
    ...context,
    masking: policy(masks, { ...subset, ...changes }, key),
  })
  const customers = (database: string) => cluster.sql<{ id: number }>(database, 'SELECT id FROM customer ORDER BY id')

  test('is a share of the start rows, the same under the same key, with all they need', async () => {
    const result = await restore(context, id, into('shop_one'))
    const one = await customers('shop_one')
    // Of 2,000, drawn by a hash: 100 on average, and as many again that these were invited by.
    expect(one.length).toBeGreaterThan(60)
    expect(one.length).toBeLessThan(240)
    const [seen] = await cluster.sql(
      'shop_one',
      `SELECT (SELECT count(*)::int FROM country) AS countries, (SELECT count(*)::int FROM migrations) AS ledger,
         (SELECT count(*)::int FROM visit) AS visits, (SELECT count(*)::int FROM line WHERE purchase IS NULL) AS unplaced,
         (SELECT count(DISTINCT country)::int FROM per_country) AS views,
         (SELECT count(*) FROM purchase)::int > 0 AND (SELECT count(*) FROM purchase) = (SELECT count(*) FROM line) AS lines,
         (SELECT reltuples::int FROM pg_class WHERE relname = 'customer') AS statistics`,
    )
    expect(seen).toEqual({
      ...{ countries: 3, ledger: 1, visits: 0, unplaced: 0, views: 2, lines: true, statistics: one.length },
    })
    const told = (name: string) => result.masking?.tables.find(({ table }) => table === `public.${name}`)
    expect(told('customer')).toMatchObject({ rows: one.length, of: 2000 })
    expect(told('visit')).toMatchObject({ rows: 0, of: 50 })
    expect(result.rows).toBe((result.masking?.tables ?? []).reduce((sum, { rows }) => sum + rows, 0))
    await restore(context, id, into('shop_again'))
    expect(await customers('shop_again')).toEqual(one)
    await restore(under({}, 'another key of sixteen'), id, into('shop_other'))
    expect(await customers('shop_other')).not.toEqual(one)
  })

  test('begins where conditions say, by the order of their types', async () => {
    const from = [
      { table: 'purchase', where: { at: { from: '2026-06-30', below: '2026-07-02' } } },
      { table: 'customer', where: { id: [7, 8, '1500'] } },
    ]
    await restore(under({ from, children: [] }), id, into('shop_where'))
    const [wanted] = await cluster.sql(
      'shop',
      `WITH p AS (SELECT * FROM purchase WHERE at >= '2026-06-30Z' AND at < '2026-07-02Z'),
         c AS (SELECT customer AS id FROM p UNION VALUES (7), (8), (1500)),
         k AS (SELECT id FROM c UNION SELECT invited_by FROM customer JOIN c USING (id) WHERE invited_by IS NOT NULL)
       SELECT (SELECT count(*)::int FROM p) AS purchases, (SELECT string_agg(id::text, ',' ORDER BY id) FROM k) AS customers`,
    )
    const [seen] = await cluster.sql(
      'shop_where',
      `SELECT (SELECT count(*)::int FROM purchase) AS purchases, (SELECT string_agg(id::text, ',' ORDER BY id) FROM customer) AS customers`,
    )
    expect(wanted).toMatchObject({ purchases: 48 })
    expect(seen).toEqual(wanted)
  })

  test('is refused by name where it leaves something open', async () => {
    const refusals = async (changes: object) => {
      const plan = await planRestore(under(changes), { ...defaultRestoreOptions, backupId: id, ...into('shop_no') })
      return plan.refusals.map(({ text }) => text)
    }
    expect(await refusals({ others: 'refuse' })).toEqual([expect.stringContaining('public.visit')])
    expect(await refusals({ children: ['purchase', 'lines'] })).toEqual([expect.stringContaining('table lines')])
    expect(await refusals({ children: ['product'] })).toEqual([expect.stringContaining('no foreign key of it refers')])
    expect(await refusals({ whole: ['customer'] })).toEqual([expect.stringContaining('says of public.customer both')])
    expect(await refusals({ from: [{ table: 'visit', share: 0.5 }] })).toContainEqual(
      expect.stringContaining('no primary key'),
    )
    expect(await refusals({ from: [{ table: 'customer', where: { nam: 'x' } }] })).toEqual([
      expect.stringContaining('public.customer.nam'),
    ])
    expect(await refusals({ from: [{ table: 'customer', where: { name: { from: 'x' } } }] })).toEqual([
      expect.stringContaining('bounds are for numbers'),
    ])
    expect(await refusals({ children: [{ table: 'purchase', by: ['no_such_fkey'] }] })).toEqual([
      expect.stringContaining('no foreign key no_such_fkey'),
    ])
  })

  test('says in its plan which rows are kept', async () => {
    const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id, ...into('shop_no') })
    expect(plan.steps.find((step) => step.id === 'subset')?.text).toBe(
      'Keep some rows: of public.customer those that the policy begins with; of public.line, public.purchase those that refer to them; of public.product those that these need. 2 tables are copied whole, 1 table stays empty.',
    )
  })

  test('that is broken off while rows are chosen leaves nothing', async () => {
    const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id, ...into('shop_no') })
    const stopping = new AbortController()
    const report = (event: { type: string; phase?: string }) => {
      if (event.type === 'phase' && event.phase === 'subset') stopping.abort()
    }
    await expect(runRestore(context, plan, { signal: stopping.signal, report })).rejects.toMatchObject({
      code: 'ABORTED',
    })
    expect((await databases()).filter((name) => /^(?:lifeboat_copy|shop_no)/.test(name))).toEqual([])
  })
})
