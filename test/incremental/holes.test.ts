/**
 * One test for each way in which rows that look untouched are not: see docs/incremental.md. On the PostgreSQL that is
 * installed, and on 18.
 */
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Segment } from '../../packages/core/src/repository/documents/documents.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { versionsToTest } from '../servers/postgres-versions.ts'
import { compareWith } from './reading.ts'
import { rows, voids } from './voids.ts'

describe.each(await versionsToTest(18))('$name', ({ binDirectory, unavailable }) => {
  let cluster: TemporaryCluster
  beforeAll(async () => {
    if (unavailable) return
    cluster = await startTemporaryCluster({
      binDirectory,
      settings: { allow_in_place_tablespaces: 'on', max_prepared_transactions: 5 },
    })
    await cluster.sql('postgres', `CREATE TABLESPACE elsewhere LOCATION ''`)
  })
  beforeEach((context) => {
    if (unavailable) context.skip(unavailable)
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

  describe('what voids a table', () => {
    test.each(Object.entries(voids))('%s', async (_, { setUp, meanwhile, afterwards, reason }) => {
      const { url, sql } = await database(setUp.replace('DATABASE CURRENT', `DATABASE hole_${databases + 1}`))
      const first = await compareWith(url, null, { segmentBlocks: 64 })
      await sql(meanwhile)
      if (afterwards) await sql(afterwards)
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
    test('and what does not: partitions, inheritance, storage, identity, constraints, policies', async () => {
      const { url, sql } = await database(`${rows} CREATE TABLE whole (LIKE t) PARTITION BY LIST (id)`)
      const first = await compareWith(url, null)
      await sql(`ALTER TABLE t ALTER v SET STORAGE external, ALTER v SET COMPRESSION pglz, ALTER v SET STATISTICS 7,
      ALTER v SET DEFAULT 'x', ALTER v SET NOT NULL, REPLICA IDENTITY FULL, SET (fillfactor = 50),
      ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, ADD CHECK (id > -5)`)
      await sql('CREATE TABLE heir () INHERITS (t); INSERT INTO heir SELECT i FROM generate_series(1, 40) i')
      const second = await compareWith(url, first.reading)
      expect(second.voided.get('public.t')).toBeNull()
      expect(second).toMatchObject({ refused: null, wrong: [] })
      expect(second.unchanged).toBeGreaterThan(0)
      await sql('DROP TABLE heir; ALTER TABLE whole ALTER v SET NOT NULL; ALTER TABLE whole ATTACH PARTITION t DEFAULT')
      const third = await compareWith(url, second.reading)
      expect(third).toMatchObject({ refused: null, changed: 0, wrong: [] })
    })
  })

  describe('who was there when the earlier snapshot was taken', () => {
    /** As many rows as before, of which one came from a transaction that was still open then. */
    test.each(['open', 'prepared'] as const)('a transaction that was %s then is not older', async (how) => {
      const { url, sql } = await database(rows)
      const client = new Client({ connectionString: url })
      await client.connect()
      // The oldest one there is: its id is the snapshot's xmin itself.
      await client.query(`BEGIN; INSERT INTO t VALUES (1000, 'not there yet')`)
      if (how === 'prepared') await client.query(`PREPARE TRANSACTION 'waiting'`)
      const first = await compareWith(url, null)
      await client.query(how === 'prepared' ? `COMMIT PREPARED 'waiting'` : 'COMMIT')
      await client.end()
      await sql('DELETE FROM t WHERE id = 299')
      const second = await compareWith(url, first.reading)
      expect(second).toMatchObject({ refused: null, wrong: [] })
      expect(second.changed).toBeGreaterThan(0)
    })

    test('a subtransaction, and a row that was deleted by a transaction that failed', async () => {
      const { url, sql } = await database(rows)
      const client = new Client({ connectionString: url })
      await client.connect()
      await client.query(
        `BEGIN; DELETE FROM t WHERE id = 7; SAVEPOINT a; INSERT INTO t VALUES (1000, 'x'); SAVEPOINT b`,
      )
      await client.query(`INSERT INTO t VALUES (1001, 'y'); ROLLBACK TO b`)
      const first = await compareWith(url, null)
      await client.query('COMMIT')
      const second = await compareWith(url, first.reading)
      expect(second).toMatchObject({ refused: null, wrong: [] })
      expect(second.changed).toBeGreaterThan(0)
      await client.query('BEGIN; DELETE FROM t WHERE id = 8')
      const third = await compareWith(url, second.reading)
      await client.query('ROLLBACK')
      await client.end()
      await sql('VACUUM (FREEZE) t')
      expect(await compareWith(url, third.reading)).toMatchObject({ refused: null, wrong: [], changed: 0 })
    })
  })

  test('a table that somebody waits to lock is scanned by the session that holds its lock', async () => {
    const { url, sql } = await database(rows)
    const first = await compareWith(url, null)
    let altered: Promise<unknown> = Promise.resolve()
    const second = await compareWith(url, first.reading, {
      lockBudgetMs: 30_000,
      scanOnly: true,
      async underSnapshot() {
        altered = sql('ALTER TABLE t ADD COLUMN late int')
        const waits = () => sql(`SELECT FROM pg_locks WHERE NOT granted`) as Promise<unknown[]>
        await expect.poll(waits, { timeout: 20_000 }).toHaveLength(1)
      },
    })
    expect(second).toMatchObject({ refused: null, changed: 0, wrong: [] })
    await altered
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
      const second = compareWith(url, first.reading, {
        scanOnly: true,
        underSnapshot: () => sql(swap),
        afterReading: () => sql(swap),
      })
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
})
