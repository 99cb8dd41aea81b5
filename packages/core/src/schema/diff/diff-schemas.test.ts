import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { objectMatrix } from '../../../../../test/round-trip/object-matrix.ts'
import { openArchive } from '../../postgres/archive/parse-archive.ts'
import { schemaEntries } from '../../postgres/archive/schema-entries.ts'
import { findClientTools } from '../../postgres/client-tools.ts'
import { resolveConnection } from '../../postgres/connection.ts'
import { dumpSchema } from '../../postgres/dump-schema.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { diffSchemas, type SchemaSide } from './diff-schemas.ts'
import { formatSchemaDiff } from './format-diff.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  for (const role of ['a_reader', 'an_owner']) await cluster.sql('postgres', `CREATE ROLE ${role}`)
})
afterAll(() => cluster?.stop())

async function dumped(database: string, majorVersion = cluster.majorVersion): Promise<SchemaSide> {
  const tools = await findClientTools(cluster.majorVersion)
  const parameters = resolveConnection(cluster.url(database))
  const archive = openArchive(await dumpSchema(tools, parameters, { encoding: 'UTF8', bookkeeping: [] }))
  return { entries: schemaEntries(archive), majorVersion }
}

async function made(name: string, sql: string): Promise<SchemaSide> {
  await cluster.createDatabase(name)
  await cluster.sql(name, sql)
  return dumped(name)
}

const base = `
  CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE SEQUENCE ticket;
  CREATE TYPE pair AS (a int, b text);
  CREATE TABLE customers (id serial PRIMARY KEY, name varchar(50), age int);
  CREATE TABLE orders (id serial PRIMARY KEY, customer_id int, status text DEFAULT 'new', total int, note text,
    CONSTRAINT total_pos CHECK (total >= 0));
  CREATE TABLE parts (day date) PARTITION BY RANGE (day);
  CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
  CREATE TABLE legacy (id int); CREATE INDEX orders_status ON orders (status);
  CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
  CREATE TRIGGER touched BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
  CREATE VIEW open_orders AS SELECT id FROM orders WHERE status = 'new';
  ALTER TABLE orders ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON orders USING (customer_id = 1);
  GRANT SELECT ON orders TO a_reader; COMMENT ON TABLE orders IS 'before'; COMMENT ON COLUMN orders.note IS 'x';
  CREATE TABLE "odd name.x" ("col, umn" text, "a b" int CONSTRAINT "odd c" CHECK ("a b" > 0));
`

/** What is done, where it is seen (object, part), and flags that have to be there. */
const differences: [sql: string, object: string, part: string, ...flags: string[]][] = [
  ['ALTER TABLE customers ADD phone text', 'public.customers', 'column phone'],
  ['ALTER TABLE customers ADD phone text NOT NULL', 'public.customers', 'column phone', 'breaks-old-code'],
  ['ALTER TABLE customers DROP age', 'public.customers', 'column age', 'loses-data', 'breaks-old-code'],
  ['ALTER TABLE customers ALTER name TYPE varchar(80)', 'public.customers', 'column name'],
  ['ALTER TABLE customers ALTER name TYPE varchar(8)', 'public.customers', 'column name', 'rewrites', 'loses-data'],
  ['ALTER TABLE customers ALTER age TYPE bigint', 'public.customers', 'column age', 'rewrites'],
  [`ALTER TABLE orders ALTER status SET DEFAULT 'open'`, 'public.orders', 'column status'],
  ['ALTER TABLE orders ALTER customer_id SET NOT NULL', 'public.orders', 'column customer_id', 'breaks-old-code'],
  ['ALTER TABLE orders ALTER id DROP DEFAULT', 'public.orders', 'default id'],
  [
    'ALTER TABLE orders ADD CONSTRAINT fk FOREIGN KEY (customer_id) REFERENCES customers',
    'public.orders',
    'constraint fk',
    'breaks-old-code',
  ],
  [
    'ALTER TABLE orders DROP CONSTRAINT total_pos, ADD CONSTRAINT total_pos CHECK (total > 0)',
    'public.orders',
    'constraint total_pos',
  ],
  ['ALTER TABLE orders DROP CONSTRAINT orders_pkey', 'public.orders', 'constraint orders_pkey'],
  [
    'DROP INDEX orders_status; CREATE INDEX orders_status ON orders (status) WHERE total > 0',
    'public.orders',
    'index orders_status',
  ],
  [
    `CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders WHERE status = 'open'`,
    'public.open_orders',
    'definition ',
  ],
  [
    `CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'`,
    'public.touch()',
    'definition ',
  ],
  ['ALTER TABLE orders DISABLE TRIGGER touched', 'public.orders', 'trigger touched'],
  [
    'DROP POLICY own ON orders; CREATE POLICY own ON orders FOR SELECT USING (customer_id = 2)',
    'public.orders',
    'policy own',
  ],
  ['ALTER TABLE orders DISABLE ROW LEVEL SECURITY', 'public.orders', 'row security '],
  [`ALTER TYPE mood ADD VALUE 'happy'`, 'public.mood', `label 'happy'`],
  [`ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'`, 'public.mood', `label 'sad'`, 'loses-data'],
  ['ALTER TYPE pair ADD ATTRIBUTE c int', 'public.pair', 'attribute c'],
  ['ALTER SEQUENCE ticket INCREMENT 5', 'public.ticket', 'definition '],
  ['GRANT INSERT ON orders TO a_reader', 'public.orders', 'grants '],
  ['GRANT SELECT (note) ON orders TO a_reader', 'public.orders', 'grants note'],
  [`COMMENT ON TABLE orders IS 'after'`, 'public.orders', 'comment '],
  [`COMMENT ON COLUMN orders.note IS 'y'`, 'public.orders', 'comment note'],
  ['ALTER TABLE legacy OWNER TO an_owner', 'public.legacy', 'owner '],
  ['ALTER TABLE legacy SET UNLOGGED', 'public.legacy', 'kind ', 'rewrites'],
  ['ALTER TABLE customers ALTER name SET STATISTICS 500', 'public.customers', 'setting name statistics'],
  ['ALTER TABLE customers SET (fillfactor = 70)', 'public.customers', 'form '],
  [
    `ALTER TABLE parts DETACH PARTITION parts_1; ALTER TABLE parts ATTACH PARTITION parts_1 FOR VALUES FROM ('2026-01-01') TO ('2026-03-01')`,
    'public.parts_1',
    'partition of ',
  ],
  ['ALTER TABLE "odd name.x" ALTER "a b" TYPE bigint', 'public.odd name.x', 'column a b', 'rewrites'],
  ['ALTER TABLE "odd name.x" DROP CONSTRAINT "odd c"', 'public.odd name.x', 'constraint odd c'],
]

describe('one difference each: found, and nothing else', () => {
  let before: SchemaSide
  beforeAll(async () => {
    before = await made('sa', base)
    before = { ...before, entries: [...before.entries] }
  })

  test('none', async () => {
    const diff = diffSchemas(before, await made('sa_again', base))
    expect(diff).toMatchObject({ same: true, changes: [], notes: [] })
    expect(formatSchemaDiff(diff)).toMatch(/^The schemas are the same: \d+ objects\.\n$/)
  })

  test.each(differences)('%s', async (sql, object, part, ...flags) => {
    await cluster.createDatabase('sb', { template: 'sa' })
    for (const statement of sql.split(/; (?=[A-Z])(?!END)/)) await cluster.sql('sb', statement)
    const { changes } = diffSchemas(before, await dumped('sb'))
    const seen = changes.map((one) => ({
      object: one.object,
      parts: one.parts.map(({ part, name }) => `${part} ${name}`),
    }))
    expect(seen).toMatchObject([{ object }])
    expect(seen[0]?.parts).toContain(part)
    expect(seen[0]?.parts.length).toBeLessThanOrEqual(part.startsWith('label') && flags.length > 0 ? 2 : 1)
    expect(changes[0]?.flags).toEqual(expect.arrayContaining(flags))
  })

  test.each<[sql: string, object: string, change: string, ...flags: string[]]>([
    ['DROP TABLE legacy', 'public.legacy', 'removed', 'loses-data'],
    ['CREATE TABLE fresh (id int)', 'public.fresh', 'added'],
    ['CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS $$SELECT 2$$', 'public.f(text)', 'added'],
    ['DROP FUNCTION f(int)', 'public.f(integer)', 'removed', 'breaks-old-code'],
    ['CREATE SCHEMA other', 'other', 'added'],
  ])('%s', async (sql, object, change, ...flags) => {
    await cluster.createDatabase('sb', { template: 'sa' })
    await cluster.sql('sb', sql)
    const { changes } = diffSchemas(before, await dumped('sb'))
    expect(changes).toMatchObject([{ object, change, flags: expect.arrayContaining(flags) }])
  })

  test('columns in another order are a note', async () => {
    const diff = diffSchemas(
      await made('order_a', 'CREATE TABLE a (x int, y text)'),
      await made('order_b', 'CREATE TABLE a (y text, x int)'),
    )
    expect(diff).toMatchObject({ same: true, changes: [], notes: [{ code: 'COLUMN_ORDER', object: 'public.a' }] })
  })

  test('another major version makes what the server prints a maybe', async () => {
    await cluster.createDatabase('sb', { template: 'sa' })
    await cluster.sql('sb', `CREATE OR REPLACE VIEW open_orders AS SELECT id FROM orders WHERE status = 'open'`)
    const diff = diffSchemas(before, await dumped('sb', cluster.majorVersion + 1))
    expect(diff).toMatchObject({ counts: { maybe: 1 }, changes: [{ flags: ['maybe'] }] })
  })

  test('as text for people', async () => {
    await cluster.createDatabase('sb', { template: 'sa' })
    for (const sql of ['ALTER TABLE customers DROP age', 'DROP TABLE legacy', `ALTER TYPE mood ADD VALUE 'happy'`]) {
      await cluster.sql('sb', sql)
    }
    const text = formatSchemaDiff(diffSchemas(before, await dumped('sb')))
    expect(text).toContain('0 added, 1 removed, 2 changed,')
    expect(text).toContain('table public.customers\n  - age  integer   [loses data, breaks old code]\n')
    expect(text).toContain(`- table public.legacy   [breaks old code, loses data]`)
    expect(text).toContain(`+ label 'happy'`)
  })
})

test('every object of the matrix: all equal to themselves, each alone is seen and nothing else is', {
  timeout: 300_000,
}, async () => {
  for (const role of ['matrix_owner', 'matrix_reader'])
    await cluster.sql('postgres', `CREATE ROLE ${role}`).catch(() => {})
  await cluster.createDatabase('matrix')
  for (const { sql, since, extension } of objectMatrix) {
    if ((since ?? 0) > cluster.majorVersion || extension !== undefined) continue
    await cluster.sql('matrix', sql).catch(() => {})
  }
  const whole = [...(await dumped('matrix')).entries]
  const side = (entries: typeof whole): SchemaSide => ({ entries, majorVersion: 15 })
  expect(diffSchemas(side(whole), side(whole))).toMatchObject({ same: true })
  expect(diffSchemas(side(whole), side([...whole].reverse())).changes).toEqual([])
  const wrong: string[] = []
  let compared = 0
  for (const [index, entry] of whole.entries()) {
    if (['ENCODING', 'STDSTRINGS', 'SEARCHPATH', 'DATABASE'].includes(entry.kind)) continue
    const altered = whole.with(index, {
      ...entry,
      definition: (entry.definition ?? '').replace(/;?\s*$/, ' /* altered */;'),
    })
    const { changes } = diffSchemas(side(whole), side(altered))
    compared++
    if (changes.length !== 1) wrong.push(`${entry.kind} ${entry.tag}: ${changes.map(({ object }) => object).join()}`)
  }
  expect(wrong).toEqual([])
  expect(compared).toBeGreaterThan(300)
})

test('a thousand tables', () => {
  const entries = Array.from({ length: 1000 }, (_, n) => [
    {
      kind: 'TABLE',
      schema: 'public',
      tag: `t${n}`,
      definition: `CREATE TABLE public.t${n} (\n${Array.from({ length: 20 }, (_, c) => `    c${c} numeric(10,2) DEFAULT 0 NOT NULL`).join(',\n')}\n);\n`,
      owner: 'o',
      tablespace: '',
      accessMethod: 'heap',
    },
    {
      kind: 'CONSTRAINT',
      schema: 'public',
      tag: `t${n} t${n}_pkey`,
      definition: `ALTER TABLE ONLY public.t${n}\n    ADD CONSTRAINT t${n}_pkey PRIMARY KEY (c0);\n`,
      owner: 'o',
      tablespace: '',
      accessMethod: null,
    },
    {
      kind: 'INDEX',
      schema: 'public',
      tag: `t${n}_i`,
      definition: `CREATE INDEX t${n}_i ON public.t${n} USING btree (c1);\n`,
      owner: 'o',
      tablespace: '',
      accessMethod: null,
    },
  ]).flat()
  const started = performance.now()
  const other = entries.map((entry) => ({
    ...entry,
    definition: entry.definition.replace('c7 numeric(10,2)', 'c7 numeric(12,2)'),
  }))
  expect(diffSchemas({ entries, majorVersion: 15 }, { entries, majorVersion: 15 }).same).toBe(true)
  console.log(`equal: ${Math.round(performance.now() - started)} ms`)
  expect(diffSchemas({ entries, majorVersion: 15 }, { entries: other, majorVersion: 15 }).counts.changed).toBe(1000)
  console.log(`diff of 1,000 tables: ${Math.round(performance.now() - started)} ms`)
})
