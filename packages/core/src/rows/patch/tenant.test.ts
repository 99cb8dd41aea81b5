import { afterAll, beforeAll, expect, test } from 'vitest'
import { isEngineError } from '../../errors.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { defaultRewindOptions } from '../rewind/options.ts'
import { planRewind } from '../rewind/plan-rewind.ts'
import { rewindFixture } from '../rewind/rewind-fixture.ts'
import { type RewindRunning, runRewind } from '../rewind/run-rewind.ts'
import { undoRewind } from '../rewind/undo-rewind.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { autovacuum: 'off' } })
})
afterAll(() => cluster?.stop())
const { prepared } = rewindFixture(() => cluster)

/**
 * Organizations with users, documents with lines, shares between users, notes that can lack an owner; 10 of each for
 * each of 5.
 */
const schema = `
  CREATE TABLE org (id int PRIMARY KEY, slug text UNIQUE NOT NULL);
  CREATE TABLE product (id int PRIMARY KEY);
  CREATE TABLE usr (id int PRIMARY KEY, org int NOT NULL REFERENCES org ON DELETE CASCADE, v text);
  CREATE TABLE doc (id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, usr int REFERENCES usr ON DELETE CASCADE, follows int REFERENCES doc, v text);
  CREATE TABLE line (doc int REFERENCES doc ON DELETE CASCADE, pos int, product int REFERENCES product, PRIMARY KEY (doc, pos));
  CREATE TABLE share (id int PRIMARY KEY, giver int REFERENCES usr, taker int REFERENCES usr, v text);
  CREATE TABLE note (id int PRIMARY KEY, usr int REFERENCES usr ON DELETE SET NULL, v text);
  CREATE TABLE click (org int REFERENCES org, at int) PARTITION BY RANGE (at);
  CREATE TABLE click_1 PARTITION OF click FOR VALUES FROM (0) TO (50);
  CREATE TABLE click_2 PARTITION OF click FOR VALUES FROM (50) TO (1000);
  CREATE TABLE lonely (id int PRIMARY KEY, v text);
  INSERT INTO org SELECT i, 'o' || i FROM generate_series(1, 5) i;
  INSERT INTO product SELECT generate_series(1, 20);
  INSERT INTO usr SELECT i, 1 + i % 5, 'u' FROM generate_series(1, 50) i;
  INSERT INTO doc (usr, v) SELECT i, 'd' || i FROM generate_series(1, 50) i;
  INSERT INTO line SELECT i, j, 1 + (i + j) % 20 FROM generate_series(1, 50) i, generate_series(1, 3) j;
  INSERT INTO share SELECT i, i, 1 + (i + 4) % 50 FROM generate_series(1, 50) i;
  INSERT INTO note SELECT i, NULLIF(i, 50), 'n' FROM generate_series(1, 50) i;
  INSERT INTO click SELECT 1 + i % 5, i % 100 FROM generate_series(1, 200) i;
  INSERT INTO lonely SELECT i, 'l' FROM generate_series(1, 9) i;`

/** Something in each table, of tenant 3 (users 2, 7, 12 ...) and of others. */
const changes = `
  UPDATE doc SET v = 'x' WHERE usr < 9; DELETE FROM line WHERE doc < 13; UPDATE note SET usr = NULL WHERE id = 2;
  DELETE FROM note WHERE id IN (3, 7); DELETE FROM share WHERE id IN (2, 3); INSERT INTO usr VALUES (102, 3, 'new'), (103, 4, 'new');
  INSERT INTO doc (usr, v) SELECT id, 'new' FROM usr; INSERT INTO line SELECT id, 9, 1 FROM doc WHERE id > 20;
  UPDATE click SET at = at + 50 WHERE at = 42; DELETE FROM click WHERE at % 10 = 2; UPDATE lonely SET v = 'x';
  INSERT INTO note VALUES (100, 102, 'new'), (101, 103, 'new'); UPDATE org SET slug = slug || 'x' WHERE id IN (3, 4);
  UPDATE usr SET v = v WHERE id = 12;`

type Asked = { value?: string; table?: string; key?: string | null }

async function changed(name: string, sql: string | string[] = changes, owner?: string) {
  const { context, backup, contents } = await prepared(name, schema, owner)
  const backupId = await backup()
  const before = await slices(name)
  for (const one of [sql].flat()) await cluster.sql(name, one)
  const plan = ({ value = '3', table = 'org', key = null }: Asked = {}, running: RewindRunning = {}) =>
    planRewind(
      context,
      { ...defaultRewindOptions, safetyBackup: false, backupId, choice: { kind: 'tenant', table, key, value } },
      running.compare,
    )
  const rewind = async (asked: Asked = {}, running: RewindRunning = {}) =>
    runRewind(context, await plan(asked, running), running)
  const refused = async (asked: Asked = {}) => {
    const error = await rewind(asked).catch((thrown: unknown) => thrown)
    return isEngineError(error) ? [error.code, error.message] : error
  }
  const takeAllBack = async () =>
    runRewind(context, await planRewind(context, { ...defaultRewindOptions, safetyBackup: false, backupId }))
  return { context, before, plan, rewind, refused, contents, takeAllBack }
}

/** The rows of each tenant and of none, in all tables but those that nothing leads from. */
async function slices(name: string): Promise<Record<string, unknown>> {
  const users = '(SELECT org FROM usr u WHERE u.id = '
  const arms = [
    "SELECT id AS org, 'org' AS name, o::text AS row FROM org o",
    "SELECT org, 'usr', u::text FROM usr u",
    `SELECT ${users} d.usr), 'doc', d::text FROM doc d`,
    `SELECT (SELECT org FROM usr u JOIN doc d ON d.usr = u.id WHERE d.id = l.doc), 'line', l::text FROM line l`,
    `SELECT ${users} s.giver), 'share', s::text FROM share s`,
    `SELECT ${users} n.usr), 'note', n::text FROM note n`,
    "SELECT org, 'click', c::text FROM click c",
  ]
  const rows = await cluster.sql<{ org: number | null; rows: string[] }>(
    name,
    `SELECT org, array_agg(name || row ORDER BY name || row) AS rows FROM (${arms.join(' UNION ALL ')}) r GROUP BY 1 ORDER BY 1`,
  )
  return Object.fromEntries(rows.map(({ org, rows }) => [String(org), rows]))
}

test.each(['superuser', 'owner'] as const)(
  'the slice of one tenant becomes the backup’s; those of all others stay; undo is the way back: as %s',
  async (who) => {
    const name = `tenant_${who}`
    if (who === 'owner') await cluster.sql('postgres', `CREATE ROLE plain LOGIN PASSWORD 'x'`)
    const { context, before, plan, rewind, contents } = await changed(
      name,
      changes,
      who === 'owner' ? 'plain' : undefined,
    )
    const [after, all] = [await slices(name), await contents()]
    const planned = await plan()
    expect(planned).toMatchObject({ refusals: [], way: who === 'owner' ? 'owner' : 'replica' })
    expect(planned.tenant).toEqual({
      tables: [
        { table: 'org', via: [] },
        { table: 'usr', via: [{ columns: ['org'], parent: 'org' }] },
        { table: 'click', via: [{ columns: ['org'], parent: 'org' }] },
        { table: 'doc', via: [{ columns: ['usr'], parent: 'usr' }] },
        {
          table: 'share',
          via: [
            { columns: ['giver'], parent: 'usr' },
            { columns: ['taker'], parent: 'usr' },
          ],
        },
        { table: 'note', via: [{ columns: ['usr'], parent: 'usr' }] },
        { table: 'line', via: [{ columns: ['doc'], parent: 'doc' }] },
      ],
      left: ['lonely', 'product'],
      ...{ made: [], dropped: [] },
    })
    const { rewindId, tables } = await rewind()
    expect(tables.map(({ table }) => table).sort()).toEqual([
      ...['click_1', 'click_2', 'doc', 'line', 'note', 'org', 'share', 'usr'],
    ])
    const now = await slices(name)
    expect(now['3']).toEqual(before['3'])
    // Note 2 had lost its owner; the other notes without one are as they were.
    const nobodys = (after.null as string[]).filter((row) => !row.startsWith('note(2,'))
    expect(now).toEqual({ ...after, null: nobodys, 3: before['3'] })
    expect(await cluster.sql(name, `SELECT DISTINCT v FROM lonely`)).toEqual([{ v: 'x' }])
    expect(await plan()).toMatchObject({ tables: [] })
    await undoRewind(context, rewindId)
    expect(await contents()).toEqual(all)
  },
)

test('a tenant that was deleted comes back with all that hung on it; one is named by another column, or a number in another way', async () => {
  const { before, rewind } = await changed('deleted', [
    'DELETE FROM click WHERE org = 3; DELETE FROM share USING usr WHERE usr.org = 3 AND usr.id IN (giver, taker); DELETE FROM org WHERE id = 3',
    'VACUUM (FULL) doc',
  ])
  const others = await slices('deleted')
  expect(others['3']).toBeUndefined()
  await rewind({ value: 'o3', key: 'slug' })
  const now = await slices('deleted')
  expect(now['3']).toEqual(before['3'])
  for (const org of ['1', '2', '4', '5']) expect(now[org]).toEqual(others[org])
  await cluster.sql('deleted', 'UPDATE doc SET v = v || 1')
  expect(await rewind({ value: ' 03' })).toMatchObject({ tables: [{ table: 'doc', putBack: 10, takenOut: 10 }] })
})

const other = (text: string) => ['OTHER_TENANT', text]
const open = (text: string) => ['SUBSET_NOT_CLOSED', text]

const refusals: [string, string, string[]][] = [
  ['moved away', 'UPDATE usr SET org = 4 WHERE id = 7', other('Rows of usr belong to another tenant now: (7).')],
  ['moved in', 'UPDATE usr SET org = 3 WHERE id = 8', other('Rows of usr did not belong to the tenant then: (8).')],
  [
    'moved below',
    'UPDATE doc SET usr = 8 WHERE id IN (2, 7)',
    other('Rows of doc belong to another tenant now: (2), (7).'),
  ],
  [
    'shared',
    `UPDATE share SET taker = 8, v = 'x' WHERE id = 7`,
    other('Rows of share belong to another tenant, too: (7).'),
  ],
  [
    'needs a row that is gone',
    'DELETE FROM line WHERE product = 9; DELETE FROM product WHERE id = 9',
    open('Rows of line would point to rows of product that are not there (line_product_fkey): (9).'),
  ],
  [
    'is needed by a row that stays',
    `INSERT INTO doc (usr, v) VALUES (7, 'new'); UPDATE doc SET follows = 51 WHERE id = 1`,
    open('Rows of doc would point to rows of doc that are not there (doc_follows_fkey): (51).'),
  ],
  [
    'a row of nobody would become the tenant’s',
    `UPDATE doc SET usr = NULL WHERE id = 7; INSERT INTO line VALUES (7, 50, 1)`,
    open('The tenant would not have the rows of line that the backup has of it: (7,50).'),
  ],
  [
    'a key that is taken',
    `UPDATE org SET slug = 'x' WHERE id = 3; UPDATE org SET slug = 'o3' WHERE id = 4`,
    ['UNIQUE_TAKEN', 'A newer row holds what a row of the backup needs (org_slug_key).'],
  ],
]

test('refused by name, and nothing is changed', async () => {
  const { refused, contents, takeAllBack } = await changed('refusals', 'SELECT')
  for (const [name, sql, expected] of refusals) {
    await cluster.sql('refusals', sql)
    const before = await contents()
    expect([name, await refused()]).toEqual([name, expected])
    expect([name, await contents()]).toEqual([name, before])
    await takeAllBack()
  }
  await cluster.sql('refusals', 'ALTER TABLE line ADD x int')
  expect(await refused()).toEqual(['SCHEMA_CHANGED', 'Columns or types changed since: line.'])
})

test('a table or value that means nothing is refused', async () => {
  const { refused } = await changed('meaning', 'SELECT')
  expect(await refused({ table: 'nothing' })).toEqual(['CONFIG_INVALID', 'The database has no table "nothing".'])
  expect(await refused({ key: 'nothing' })).toEqual(['CONFIG_INVALID', 'org has no column "nothing".'])
  expect(await refused({ table: 'line' })).toEqual(['CONFIG_INVALID', 'line has no primary key of one column.'])
  expect(await refused({ value: 'three' })).toEqual(['CONFIG_INVALID', '"three" is no value of org.id.'])
  const absent = `The backup has no row of org whose id is '6'.`
  expect(await refused({ value: '6' })).toEqual(['CONFIG_INVALID', absent])
})

test('others write while it runs; what the tenant writes in that time is noticed', async () => {
  const { context, before, plan } = await changed('busy')
  const during = async (sql: string) => {
    const reviewed = await plan()
    let done = false
    const onStatement = async () => {
      if (!done) await cluster.sql('busy', sql)
      done = true
    }
    return runRewind(context, reviewed, { onStatement }).catch((thrown: unknown) => thrown)
  }
  for (const sql of [
    `INSERT INTO note VALUES (200, 7, 'late')`,
    'DELETE FROM line WHERE doc = 17 AND pos = 3',
    `UPDATE doc SET v = 'late' WHERE id = 27`,
    'UPDATE usr SET org = 3 WHERE id = 9',
  ])
    expect([sql, isEngineError(await during(sql), 'PLAN_CHANGED')]).toEqual([sql, true])
  await cluster.sql('busy', `UPDATE usr SET org = 5 WHERE id = 9`)
  expect(
    isEngineError(await during(`INSERT INTO note VALUES (201, 9, 'late'); UPDATE doc SET v = 'y' WHERE usr = 8`)),
  ).toBe(false)
  const now = await slices('busy')
  expect(now['3']).toEqual(before['3'])
  expect(now['5']).toContain('note(201,9,late)')
})

test.each([
  ['no owners', 'UPDATE usr SET org = 4 WHERE id = 7', `SELECT org AS found FROM usr WHERE id = 7`, 3],
  [
    'not closed',
    'DELETE FROM line WHERE product = 9; DELETE FROM product WHERE id = 9',
    'SELECT (count(*) > 0)::int AS found FROM line WHERE product = 9',
    1,
  ],
] as const)('without a rule what it refuses is done: %s', async (choosing, sql, look, found) => {
  const name = `weak_${choosing.replace(' ', '_')}`
  const { rewind } = await changed(name, sql)
  await rewind({}, { compare: { choosing } })
  expect(await cluster.sql(name, look)).toEqual([{ found }])
})
