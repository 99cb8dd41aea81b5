/** One test for each way in which rows that look untouched are not: see docs/incremental.md. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Segment } from '../../packages/core/src/repository/documents.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { compareWith } from './reading.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

let databases = 0
async function database(setUp: string): Promise<{ url: string; sql: (text: string) => Promise<unknown> }> {
  const name = `hole_${++databases}`
  await cluster.createDatabase(name)
  const sql = (text: string) => cluster.sql(name, text)
  await sql(setUp)
  return { url: cluster.socketUrl(name), sql }
}

const rows = `CREATE TABLE t (id int PRIMARY KEY, v text);
  INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 300) i;`

/** Each: a set-up, what happens between two backups, and why the second one reads the table in full. */
const voids: Record<string, { setUp: string; meanwhile: string; reason: string }> = {
  'VACUUM FULL keeps xmin and moves rows': {
    setUp: `${rows} DELETE FROM t WHERE id % 2 = 0; UPDATE t SET v = 'moved' WHERE id % 7 = 0; INSERT INTO t SELECT i, 'gap' FROM generate_series(400, 450) i`,
    meanwhile: 'VACUUM FULL t',
    reason: 'relfilenode changed',
  },
  'CLUSTER keeps xmin and moves rows': {
    setUp: `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT 300 - i, 'row' FROM generate_series(1, 200) i`,
    meanwhile: 'CLUSTER t USING t_pkey',
    reason: 'relfilenode changed',
  },
  'a table made anew under the same name': {
    setUp: rows,
    meanwhile: `BEGIN; CREATE TABLE t2 (id int, v text); INSERT INTO t2 SELECT i, 'other ' || i FROM generate_series(1, 300) i;
      DROP TABLE t; ALTER TABLE t2 RENAME TO t; COMMIT`,
    reason: 'new table',
  },
  'type changed without a rewrite': {
    setUp: `ALTER DATABASE CURRENT SET timezone = 'UTC'; CREATE TABLE t AS SELECT '2026-01-01'::timestamptz AS at FROM generate_series(1, 50)`,
    meanwhile: `SET timezone = 'UTC'; ALTER TABLE t ALTER at TYPE timestamp`,
    reason: 'columns or types changed',
  },
  'a column with a fast default': {
    setUp: rows,
    meanwhile: `ALTER TABLE t ADD COLUMN extra text DEFAULT 'here now'`,
    reason: 'columns or types changed',
  },
  'a column dropped and added again': {
    setUp: rows,
    meanwhile: `ALTER TABLE t DROP COLUMN v; ALTER TABLE t ADD COLUMN v text DEFAULT 'same name'`,
    reason: 'columns or types changed',
  },
  'an enum label renamed': {
    setUp: `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t AS SELECT 'ok'::mood AS m FROM generate_series(1, 50)`,
    meanwhile: `ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'`,
    reason: 'columns or types changed',
  },
  'an enum in an array of a domain in a composite': {
    setUp: `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN moods AS mood[]; CREATE TYPE pair AS (n int, m moods);
      CREATE TABLE t AS SELECT (1, ARRAY['ok'::mood])::pair AS p FROM generate_series(1, 50)`,
    meanwhile: `ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'`,
    reason: 'columns or types changed',
  },
  'the row type of another table': {
    setUp: `CREATE TABLE source (x int); CREATE TABLE t AS SELECT ROW(1)::source AS r FROM generate_series(1, 50)`,
    meanwhile: 'ALTER TABLE source ADD COLUMN y int',
    reason: 'columns or types changed',
  },
  'a type with an output function of the user': {
    setUp: `CREATE TYPE odd; CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
      CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
      CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, LIKE = int4);
      CREATE TABLE t AS SELECT '-1'::odd AS o FROM generate_series(1, 50)`,
    meanwhile: `CREATE OR REPLACE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'oidout'`,
    reason: 'a column prints what other rows or unknown code say',
  },
  'a range over such a type': {
    setUp: `CREATE TYPE odd; CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
      CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';
      CREATE TYPE odd (INPUT = odd_in, OUTPUT = odd_out, LIKE = int4);
      CREATE TABLE t AS SELECT ARRAY['-1'::odd] AS o FROM generate_series(1, 50)`,
    meanwhile: `CREATE OR REPLACE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'oidout'`,
    reason: 'a column prints what other rows or unknown code say',
  },
  'the output function of a known extension replaced': {
    setUp: `CREATE EXTENSION citext; CREATE TABLE t AS SELECT 'Aa'::citext AS c FROM generate_series(1, 50)`,
    meanwhile: `CREATE OR REPLACE FUNCTION citextout(citext) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'byteaout'`,
    reason: 'columns or types changed',
  },
  'aclitem, when a role is renamed': {
    setUp: `CREATE ROLE before_rename; CREATE TABLE t AS SELECT 'before_rename=r/postgres'::aclitem AS a FROM generate_series(1, 50)`,
    meanwhile: 'ALTER ROLE before_rename RENAME TO after_rename',
    reason: 'a column prints what other rows or unknown code say',
  },
  'regclass, when a table is renamed': {
    setUp: `CREATE TABLE named (x int); CREATE TABLE t AS SELECT 'named'::regclass AS r FROM generate_series(1, 50)`,
    meanwhile: 'ALTER TABLE named RENAME TO renamed',
    reason: 'a column prints what other rows or unknown code say',
  },
}

describe('what voids a table', () => {
  test.each(Object.entries(voids))('%s', async (_, { setUp, meanwhile, reason }) => {
    const { url, sql } = await database(setUp.replace('DATABASE CURRENT', `DATABASE hole_${databases + 1}`))
    const first = await compareWith(url, null, { segmentBlocks: 64 })
    await sql(meanwhile)
    const second = await compareWith(url, first.reading, { segmentBlocks: 64 })
    expect(second.refused).toBeNull()
    expect(second.wrong).toEqual([])
    expect(second.voided.get('public.t')).toBe(reason)
  })

  test('and what does not: the same table again, VACUUM FREEZE, row locks, ANALYZE, an index, a new name', async () => {
    const { url, sql } = await database(rows)
    const first = await compareWith(url, null)
    await sql('VACUUM (FREEZE, ANALYZE) t')
    await sql('SELECT FROM t FOR UPDATE; CREATE INDEX ON t (v); ALTER TABLE t RENAME TO renamed')
    const second = await compareWith(url, first.reading)
    expect(second).toMatchObject({ refused: null, changed: 0, wrong: [] })
    expect(second.unchanged).toBeGreaterThan(0)
  })
})

describe('names and types while rows are read', () => {
  const schemas = `CREATE SCHEMA one; CREATE SCHEMA two;
    CREATE TABLE one.t AS SELECT i AS id FROM generate_series(1, 300) i;
    CREATE TABLE two.t AS SELECT -i AS id FROM generate_series(1, 300) i;`
  const swap =
    'BEGIN; ALTER SCHEMA one RENAME TO three; ALTER SCHEMA two RENAME TO one; ALTER SCHEMA three RENAME TO two; COMMIT'

  test('tables that changed names are known by what they are', async () => {
    const { url, sql } = await database(`${rows} CREATE TABLE u AS SELECT id, 'u ' || id AS v FROM t`)
    const first = await compareWith(url, null)
    await sql('BEGIN; ALTER TABLE t RENAME TO x; ALTER TABLE u RENAME TO t; ALTER TABLE x RENAME TO u; COMMIT')
    expect(await compareWith(url, first.reading)).toMatchObject({ wrong: [], changed: 0 })
  })

  test('schemas that change places under the snapshot: rows of another table are noticed while scanning', async () => {
    const { url, sql } = await database(schemas)
    const first = await compareWith(url, null)
    const second = compareWith(url, first.reading, { underSnapshot: () => sql(swap), afterReading: () => sql(swap) })
    await expect(second).rejects.toMatchObject({
      code: 'DATABASE_CHANGED',
      message: expect.stringContaining('became another table'),
    })
  })

  test('the same in a full backup, also when they change back before its end', async () => {
    const { url, sql } = await database(schemas)
    await expect(compareWith(url, null, { underSnapshot: () => sql(swap) })).rejects.toMatchObject({
      code: 'DATABASE_CHANGED',
      message: expect.stringContaining('meant another table'),
    })
    const back = compareWith(url, null, { underSnapshot: () => sql(swap), afterReading: () => sql(swap) })
    await expect(back).rejects.toMatchObject({
      code: 'DATABASE_CHANGED',
      message: expect.stringContaining('The schema of'),
    })
  })

  test('an enum label renamed after the snapshot and back before the end', async () => {
    const { url, sql } = await database(
      `CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t AS SELECT 'ok'::mood AS m FROM generate_series(1, 50)`,
    )
    const backup = compareWith(url, null, {
      underSnapshot: () => sql(`ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'`),
      afterReading: () => sql(`ALTER TYPE mood RENAME VALUE 'fine' TO 'ok'`),
    })
    await expect(backup).rejects.toMatchObject({ code: 'DATABASE_CHANGED' })
  })

  test.each(['listed', 'begun'] as const)('CLUSTER in the gap after "%s"', async (gap) => {
    const { url, sql } = await database(
      `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT 300 - i, 'row' FROM generate_series(1, 200) i`,
    )
    const first = await compareWith(url, null)
    let times = 0
    const second = await compareWith(url, first.reading, {
      onStep: async (step) => {
        if (step === gap && times++ === 0) await sql('CLUSTER t USING t_pkey')
      },
    })
    expect(second.wrong).toEqual([])
    expect(second.voided.get('public.t')).toBe('relfilenode changed')
  })
})

test('an index that holds every column is not read instead of the table: it has another order', async () => {
  const { url, sql } = await database(`CREATE TABLE t (id int, gone text) WITH (autovacuum_enabled = false);
    INSERT INTO t SELECT (i * 7919) % 5000, repeat('x', 300) FROM generate_series(1, 5000) i;
    CREATE INDEX ON t (id); ALTER TABLE t DROP COLUMN gone`)
  const first = await compareWith(url, null, { segmentBlocks: 1024 })
  await sql('VACUUM (ANALYZE) t')
  const second = await compareWith(url, first.reading, { segmentBlocks: 1024 })
  expect(second).toMatchObject({ wrong: [], changed: 0, refused: null })
})

test('a segment that was bounded is not compared with one that is open now', async () => {
  const { url, sql } = await database(`CREATE TABLE t (id int, v text) WITH (autovacuum_enabled = false);
    INSERT INTO t SELECT i, repeat('x', 400) FROM generate_series(1, 60) i`)
  const first = await compareWith(url, null, { segmentBlocks: 2 })
  const [segments] = [...first.reading.tables.values()].map((table) => table.segments as Segment[])
  expect(segments!.length).toBeGreaterThan(1)
  const { rows: inFirst } = segments![0]!
  // As many rows are left as the first segment had, but not all of them are its rows.
  await sql(`DELETE FROM t WHERE id <= 10; DELETE FROM t WHERE id > ${inFirst + 10}`)
  const second = await compareWith(url, first.reading, { segmentBlocks: 64 })
  expect(second).toMatchObject({ wrong: [], refused: null, unchanged: 0 })
})

test('rows appended to a large table: only its tail is read again', async () => {
  const { url, sql } = await database(`CREATE TABLE t (id int, v text) WITH (autovacuum_enabled = false);
    INSERT INTO t SELECT i, repeat('x', 400) FROM generate_series(1, 1000) i`)
  const first = await compareWith(url, null, { segmentBlocks: 16 })
  await sql(`INSERT INTO t SELECT i, repeat('y', 400) FROM generate_series(1, 500) i`)
  const second = await compareWith(url, first.reading, { segmentBlocks: 16 })
  expect(second).toMatchObject({ wrong: [], unchanged: 3 })
  expect(second.changed).toBeLessThanOrEqual(3)
})
