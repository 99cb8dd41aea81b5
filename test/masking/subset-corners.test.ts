import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { maskingPolicySchema } from '../../packages/core/src/masking/policy.ts'
import { defaultRestoreOptions } from '../../packages/core/src/restore/options.ts'
import { planRestore } from '../../packages/core/src/restore/plan/plan-restore.ts'
import { restoreFixture } from '../../packages/core/src/restore/restore-fixture.ts'
import { runRestore } from '../../packages/core/src/restore/run-restore.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'

let cluster: TemporaryCluster
const { contextOf, backup, restore } = restoreFixture(() => cluster)

beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

const into = (targetDatabase: string) => ({ strategy: 'new-database', targetDatabase, masked: true }) as const
const policy = (tables: object, subset: object) =>
  maskingPolicySchema.parse({ key: 'a key of sixteen characters', tables, subset })

let cases = 0

interface Case {
  name: string
  sql: string
  tables: object
  subset: object
  encoding?: string
  /** By table. */
  kept?: Record<string, number>
  /** What each refusal of the plan says. */
  refused?: string[]
}

const all = (...names: string[]) => Object.fromEntries(names.map((name) => [name, 'keep']))
const fromOne = { from: [{ table: 'c', where: { id: 1 } }] }
const parentAndChild = (type: string, values: [parent: string, child: string]) => `
  CREATE TABLE p (k ${type} PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p ${type} REFERENCES p);
  INSERT INTO p VALUES (${values[0]}); INSERT INTO c VALUES (1, ${values[1]});`

const keys: Case[] = [
  {
    name: 'texts that a collation takes for equal',
    sql: `CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false); ${parentAndChild('text COLLATE ci', ["'Abc'", "'ABC'"])}`,
    ...{ tables: all('p', 'c'), subset: fromOne, refused: ['a collation that is not deterministic'] },
  },
  {
    name: 'texts that the collation of a domain takes for equal',
    sql: `CREATE COLLATION "c I" (provider = icu, locale = 'und-u-ks-level2', deterministic = false); CREATE DOMAIN word AS text COLLATE "c I" CHECK (VALUE <> ''); ${parentAndChild('word', ["'Abc'", "'ABC'"])}`,
    ...{ tables: all('p', 'c'), subset: fromOne, refused: ['a collation that is not deterministic'] },
  },
  {
    name: 'intervals, which have many texts',
    sql: parentAndChild('interval', ["'1 day'", "'24 hours'"]),
    ...{ tables: all('p', 'c'), subset: fromOne, refused: ['type interval, of which equal values'] },
  },
  {
    name: 'arrays of numbers, which have many texts',
    sql: parentAndChild('numeric[]', ["'{1}'", "'{1.0}'"]),
    ...{ tables: all('p', 'c'), subset: fromOne, refused: ['type numeric[], of which equal values'] },
  },
  {
    name: 'arrays of integers',
    sql: parentAndChild('int[]', ["'{1,2}'), ('{3}'", "'{1,2}'"]),
    ...{ tables: all('p', 'c'), subset: fromOne, kept: { p: 1, c: 1 } },
  },
  {
    name: 'a number of single precision and one of double precision',
    sql: `CREATE TABLE p (k float8 PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p real REFERENCES p);
      INSERT INTO p VALUES (0.1::real), (2); INSERT INTO c VALUES (1, 0.1), (2, 2);`,
    ...{ tables: all('p', 'c'), subset: fromOne, kept: { p: 1, c: 1 } },
  },
  {
    name: 'a column that PostgreSQL computes',
    sql: `CREATE TABLE p (k int PRIMARY KEY); INSERT INTO p VALUES (2);
      CREATE TABLE c (id int PRIMARY KEY, p int GENERATED ALWAYS AS (id * 2) STORED REFERENCES p); INSERT INTO c VALUES (1);`,
    ...{ tables: all('p', 'c'), subset: fromOne, refused: ['that PostgreSQL computes'] },
  },
  {
    name: 'partitions, partitions of these, and keys that lead to one of them',
    sql: `CREATE TABLE e (id int, y int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
      CREATE TABLE e1 PARTITION OF e FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (y);
      CREATE TABLE e11 PARTITION OF e1 FOR VALUES FROM (0) TO (5); CREATE TABLE e12 PARTITION OF e1 FOR VALUES FROM (5) TO (10);
      CREATE TABLE e2 PARTITION OF e FOR VALUES FROM (10) TO (20); ALTER TABLE e11 ADD UNIQUE (id);
      INSERT INTO e SELECT i, i % 20 FROM generate_series(1, 100) i;
      CREATE TABLE c (id int PRIMARY KEY, e int REFERENCES e11 (id), f int, y int, FOREIGN KEY (f, y) REFERENCES e1 (id, y));
      INSERT INTO c VALUES (1, 41, 42, 2), (2, 21, 26, 6);`,
    ...{ tables: all('c', 'e'), subset: fromOne, kept: { c: 1, e11: 2, e12: 0, e2: 0 } },
  },
  {
    name: 'a key of one partition alone',
    sql: `CREATE TABLE x (id int PRIMARY KEY); INSERT INTO x SELECT generate_series(1, 100);
      CREATE TABLE c (id int, y int, x int, PRIMARY KEY (id, y)) PARTITION BY RANGE (y);
      CREATE TABLE c1 PARTITION OF c FOR VALUES FROM (0) TO (10); CREATE TABLE c2 PARTITION OF c FOR VALUES FROM (10) TO (20);
      ALTER TABLE c1 ADD FOREIGN KEY (x) REFERENCES x;
      INSERT INTO c SELECT i, i % 20, CASE WHEN i % 20 < 10 THEN i ELSE 1000 END FROM generate_series(1, 100) i;`,
    ...{ tables: all('c', 'x'), subset: { from: [{ table: 'c', where: { id: { below: 12 } } }] } },
    kept: { c1: 9, c2: 2, x: 9 },
  },
  {
    name: 'a partitioned table that has no partitions',
    sql: `CREATE TABLE e (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE c (id int PRIMARY KEY, e int REFERENCES e); INSERT INTO c VALUES (1, NULL);`,
    ...{ tables: all('c', 'e'), subset: { ...fromOne, whole: ['e'] }, kept: { c: 1 } },
  },
  {
    name: 'keys whose columns are masked, rows of itself, a row that is needed twice',
    sql: `CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, boss int REFERENCES p, boss_code text REFERENCES p (code));
      INSERT INTO p SELECT i, 'c' || i, nullif(i / 2, 0), CASE WHEN i > 1 THEN 'c' || i / 2 END FROM generate_series(1, 100) i;
      CREATE TABLE c (p int REFERENCES p, code text REFERENCES p (code), other int REFERENCES p);
      INSERT INTO c SELECT i, 'c' || (101 - i), 1 + i % 7 FROM generate_series(1, 100) i;`,
    tables: {
      p: { id: 'hash', code: 'hash', boss: 'hash', boss_code: 'hash' },
      c: { p: 'hash', code: 'hash', other: 'null' },
    },
    subset: { from: [{ table: 'p', where: { id: [50, 51] } }], children: ['c'] },
    // 50 and 51, and on the way to the first of all 25, 12, 6, 3 and 1.
    kept: { p: 7, c: 2 },
  },
  {
    name: 'tables that inherit, which have keys of their own',
    sql: `CREATE TABLE x (id int PRIMARY KEY); INSERT INTO x SELECT generate_series(1, 9);
      CREATE TABLE c (id int PRIMARY KEY, x int REFERENCES x); CREATE TABLE k (more int) INHERITS (c);
      INSERT INTO c VALUES (1, 1), (2, 2); INSERT INTO k VALUES (3, 999, 1), (4, 4, 1);`,
    tables: all('x', 'c', 'k'),
    subset: { from: [...fromOne.from, { table: 'k', where: { id: 3 } }] },
    kept: { x: 1, c: 1, k: 1 },
  },
  {
    name: 'names of all kinds',
    sql: `CREATE SCHEMA "S x"; CREATE TABLE "S x"."T.y" ("I d" int PRIMARY KEY, "o""k" int REFERENCES "S x"."T.y");
      INSERT INTO "S x"."T.y" SELECT i, nullif(i - 1, 0) FROM generate_series(1, 10) i;
      CREATE TABLE "ünï" ("ä" int PRIMARY KEY, r int REFERENCES "S x"."T.y" ("I d")); INSERT INTO "ünï" VALUES (1, 3), (2, 9);`,
    ...{ tables: all('S x.T.y', 'ünï'), subset: { from: [{ table: 'ünï', where: { ä: 1 } }] } },
    kept: { 'S x.T.y': 3, ünï: 1 },
  },
  {
    name: 'tables without a key, and without a column',
    sql: `CREATE TABLE z (); INSERT INTO z DEFAULT VALUES; INSERT INTO z DEFAULT VALUES; CREATE TABLE p (id int UNIQUE);
      INSERT INTO p VALUES (1), (2), (NULL); CREATE TABLE c (id int, p int REFERENCES p (id)); INSERT INTO c VALUES (1, 2), (1, 2), (1, NULL), (2, 1);`,
    ...{ tables: all('c', 'p'), subset: { ...fromOne, whole: ['z'] }, kept: { c: 3, p: 1, z: 2 } },
  },
  {
    name: 'a table that the policy leaves empty, and that only rows refer to which the subset leaves out',
    sql: `CREATE TABLE audit (id int PRIMARY KEY); INSERT INTO audit VALUES (1);
      CREATE TABLE visit (id int PRIMARY KEY, a int REFERENCES audit); INSERT INTO visit VALUES (1, 1);
      CREATE TABLE c (id int PRIMARY KEY); INSERT INTO c VALUES (1);`,
    tables: { ...all('c', 'visit'), audit: 'empty' },
    subset: { ...fromOne, others: 'empty' },
    kept: { audit: 0, c: 1, visit: 0 },
  },
  {
    name: 'a key that is MATCH FULL, of which a part becomes NULL',
    sql: `CREATE TABLE p (a int, b int, PRIMARY KEY (a, b)); INSERT INTO p VALUES (1, 1);
      CREATE TABLE c (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES p MATCH FULL); INSERT INTO c VALUES (1, 1, 1);`,
    tables: { p: 'keep', c: { id: 'keep', a: 'keep', b: 'null' } },
    subset: { ...fromOne, others: 'empty' },
    refused: ['make all of its columns NULL, or none'],
  },
]

const at = `CREATE TABLE c (id int PRIMARY KEY, at timestamptz, d timestamp, day date, b boolean, u uuid, n text);
  INSERT INTO c VALUES (1, '2026-01-01 23:00Z', '2026-01-01', '2026-01-01', true, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'x'),
    (2, '2026-01-02 10:30Z', '2026-01-02 10:30', '2026-01-02', false, NULL, 'y'), (3, '2026-01-03 00:00Z', '2026-01-03', '2026-01-03', NULL, NULL, 'z');`
const where = (...conditions: object[]) => ({ from: conditions.map((one) => ({ table: 'c', where: one })) })
const conditions: Case[] = [
  { name: 'a time as programs write it', kept: { c: 1 }, subset: where({ at: '2026-01-02T10:30:00.000Z' }) },
  {
    name: 'a time elsewhere',
    kept: { c: 2 },
    subset: where({ at: { from: '2026-01-02T00:00:00+01:00', below: '2026-01-03' } }),
  },
  { name: 'a time of another day there', kept: { c: 1 }, subset: where({ at: '2026-01-02T04:30:00+0530' }) },
  { name: 'midnight', kept: { c: 2 }, subset: where({ d: ['2026-01-01', '2026-01-03 00:00'] }) },
  { name: 'days from midnight on', kept: { c: 2 }, subset: where({ day: { from: '2026-01-02 00:00:00' } }) },
  { name: 'a month', kept: { c: 3 }, subset: where({ day: { from: '2026-01', below: '2026-02' } }) },
  { name: 'truth by any of its words', kept: { c: 2 }, subset: where({ b: 'TRUE' }, { b: false }) },
  { name: 'a UUID in capitals', kept: { c: 1 }, subset: where({ u: 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' }) },
  { name: 'a day that is none', refused: ['"yesterday"'], subset: where({ at: { from: 'yesterday' } }) },
  {
    name: 'a zone where there is none',
    refused: ['+02:00'],
    subset: where({ d: { from: '2026-01-01T00:00:00+02:00' } }),
  },
  { name: 'a number that is none', refused: ['"x"'], subset: where({ id: { from: 'x' } }) },
  { name: 'a truth that is none', refused: ['"maybe"'], subset: where({ b: ['maybe'] }) },
  {
    name: 'a text that another encoding writes otherwise',
    refused: ['"Jürgen"'],
    encoding: 'LATIN1',
    subset: where({ n: 'Jürgen' }),
  },
].map((one) => ({ ...one, sql: at, tables: all('c') }))

describe.each([...keys, ...conditions])('$name', ({ sql, tables, subset, encoding, kept, refused }) => {
  const source = `corner_${++cases}`
  test(refused ? 'is refused by the plan' : 'gives the rows that it should', async () => {
    await cluster.sql(
      'postgres',
      `CREATE DATABASE ${source} ${encoding ? `TEMPLATE template0 ENCODING '${encoding}' LOCALE 'C'` : ''}`,
    )
    await cluster.sql(source, sql)
    const context = await contextOf(source, { masking: policy(tables, subset) })
    const id = await backup(context)
    const plan = await planRestore(context, { ...defaultRestoreOptions, backupId: id, ...into(`${source}_copy`) })
    expect(plan.refusals.map(({ text }) => text)).toEqual((refused ?? []).map((text) => expect.stringContaining(text)))
    if (refused) {
      await expect(runRestore(context, plan)).rejects.toMatchObject({ code: 'RESTORE_REFUSED' })
      return
    }
    // Its foreign keys are made again by the server, which looks at every row.
    const { masking } = await restore(context, id, into(`${source}_copy`))
    const found = (masking?.tables ?? []).map(({ table, rows }) => [table.replace(/^public\./, ''), rows])
    expect(Object.fromEntries(found)).toEqual(kept)
    for (const [table, rows] of found)
      expect(
        await cluster.sql(
          `${source}_copy`,
          `SELECT count(*)::int AS rows FROM ONLY ${table === 'S x.T.y' ? '"S x"."T.y"' : `"${table}"`}`,
        ),
      ).toEqual([{ rows }])
  })
})

describe('what a restore leaves out', () => {
  const sql = `CREATE TABLE log (id int PRIMARY KEY); INSERT INTO log VALUES (1), (2);
    CREATE TABLE c (id int PRIMARY KEY, l int REFERENCES log); INSERT INTO c VALUES (1, 1), (2, NULL);
    CREATE TABLE d (id int PRIMARY KEY, c int REFERENCES c); INSERT INTO d VALUES (1, 1);`
  let context: Awaited<ReturnType<typeof contextOf>>
  let id: string
  beforeAll(async () => {
    await cluster.createDatabase('left')
    await cluster.sql('left', sql)
    context = await contextOf('left', { masking: policy(all('c', 'd', 'log'), { ...fromOne, children: ['d'] }) })
    id = await backup(context)
  })
  const planned = (leaveOut: string[], targetDatabase: string) =>
    planRestore(context, { ...defaultRestoreOptions, backupId: id, ...into(targetDatabase), leaveOut })

  test.each([
    ['public.d', ['table d in `children`']],
    ['public.c', ['table c in `from`', 'd is among the children', 'does not reach table public.log']],
  ])('is no table that the policy names: the plan that leaves %s out refuses', async (name, texts) => {
    const plan = await planned([name], 'left_refused')
    expect(plan.refusals.map(({ text }) => text)).toEqual(texts.map((text) => expect.stringContaining(text)))
    await expect(runRestore(context, plan)).rejects.toMatchObject({ code: 'RESTORE_REFUSED' })
  })

  test('can be a table that is only referred to', async () => {
    const plan = await planned(['public.log'], 'left_copy')
    expect(plan.refusals).toEqual([])
    expect(plan.warnings.map(({ code }) => code)).not.toContain('MASK_UNKNOWN')
    expect(plan.steps.find((step) => step.id === 'subset')?.text).not.toContain('public.log')
    const { masking } = await runRestore(context, plan)
    expect(masking?.tables.map(({ table, rows }) => [table, rows])).toEqual([
      ['public.c', 1],
      ['public.d', 1],
    ])
  })
})
