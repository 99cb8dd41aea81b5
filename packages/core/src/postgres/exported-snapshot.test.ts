import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startStopwatch } from '../testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { type ConnectionParameters, resolveConnection } from './connection.ts'
import { copyOut } from './copy-out.ts'
import {
  type ExportedSnapshot,
  type ExportedSnapshotOptions,
  openExportedSnapshot,
  type SnapshotStep,
} from './exported-snapshot.ts'
import { joinSnapshot, lockWithoutWaiting } from './joined-snapshot.ts'
import { copySegmentSql, segmentRanges } from './segments.ts'
import { openSession, type Session } from './session.ts'

let cluster: TemporaryCluster
let source: ConnectionParameters
let database = 0
const cleanups: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster.stop())
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function freshDatabase(): Promise<(sql: string) => Promise<unknown>> {
  const name = `source_${++database}`
  source = resolveConnection(await cluster.createDatabase(name))
  return (sql) => cluster.sql(name, sql)
}

async function snapshot(options: ExportedSnapshotOptions = {}): Promise<ExportedSnapshot> {
  const opened = await openExportedSnapshot(source, options)
  cleanups.push(() => opened.close())
  return opened
}

async function session(application = 'test', signal?: AbortSignal): Promise<Session> {
  const opened = await openSession(source, { application, copyReader: true, signal })
  cleanups.push(() => opened.close())
  return opened
}

/** What a backup would hold: every table's rows, read by another connection that joined the snapshot. */
async function readAll(from: ExportedSnapshot): Promise<Record<string, string>> {
  const reader = await session()
  await joinSnapshot(reader, from.id)
  const contents: Record<string, string> = {}
  for (const table of from.tables) {
    // A table that another session waits for is read by the session that has it locked already.
    const by = (await lockWithoutWaiting(reader, table)) ? reader : from.session
    let text = ''
    for (const range of segmentRanges(table.blocks, 1)) {
      await copyOut(by, copySegmentSql(table, range), (bytes) => {
        text += bytes.toString()
      })
    }
    contents[`${table.schema}.${table.name}`] = text
  }
  await reader.close()
  return contents
}

test('one moment, shared: rows written later are not seen, and the facts are all there', async () => {
  const sql = await freshDatabase()
  await sql('CREATE TABLE a AS SELECT g AS n FROM generate_series(1, 5000) g')
  const opened = await snapshot()
  await sql('INSERT INTO a SELECT g FROM generate_series(5001, 9000) g; CREATE TABLE late (n int)')
  const contents = await readAll(opened)
  expect(Object.keys(contents)).toEqual(['public.a'])
  expect(contents['public.a']).toBe(Array.from({ length: 5000 }, (_, index) => `${index + 1}\n`).join(''))
  expect(opened.facts).toMatchObject({
    database_oid: expect.any(Number),
    timeline: 1,
    in_recovery: false,
    block_size: 8192,
    marker: expect.stringMatching(/^[0-9a-f]{32}$/),
    system_identifier: expect.stringMatching(/^\d+$/),
    insert_lsn: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
    postmaster_started: expect.stringMatching(/^\d{4}-.*\+00$/),
    taken_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  })
  expect(BigInt(opened.facts.xmax) >= BigInt(opened.facts.xmin)).toBe(true)
  expect(opened.facts.settings).toContain('server_encoding=UTF8')
  // With fsync off too: handed to the operating system, which outlives the server process.
  const other = await session()
  expect(await opened.confirmFlushed(other.query)).toBe(true)
  await other.close()
})

describe('changes fired into every gap', () => {
  const steps: SnapshotStep[] = ['listed', 'begun', 'locked', 'exported', 'checked']
  const changes = {
    truncate: 'TRUNCATE a; INSERT INTO a VALUES (-1)',
    'rewriting alter': "ALTER TABLE a ALTER n TYPE text USING n::text || '!'",
    'vacuum full': 'VACUUM FULL a',
    drop: 'DROP TABLE a',
    create: 'CREATE TABLE b AS SELECT 7 AS n',
    'drop and create again': 'DROP TABLE a; CREATE TABLE a AS SELECT 8 AS n',
    'swap by rename': 'ALTER TABLE a RENAME TO old; ALTER TABLE c RENAME TO a; ALTER TABLE old RENAME TO c',
    'drop schema': 'DROP SCHEMA s CASCADE',
    'detach partition': 'ALTER TABLE p DETACH PARTITION p1; INSERT INTO p1 VALUES (5)',
  }
  const before = { 'public.a': '1\n2\n3\n', 'public.c': 'c\n', 's.d': '4\n', 'public.p1': '1\n' }

  test.each(Object.entries(changes))('%s', async (name, change) => {
    for (const step of steps) {
      const sql = await freshDatabase()
      await sql(`CREATE TABLE a AS SELECT g AS n FROM generate_series(1, 3) g; CREATE TABLE c AS SELECT 'c' AS n;
        CREATE SCHEMA s; CREATE TABLE s.d AS SELECT 4 AS n;
        CREATE TABLE p (n int) PARTITION BY RANGE (n); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9);
        INSERT INTO p VALUES (1)`)
      let fired = false
      let committed: Promise<unknown> = Promise.resolve()
      const opened = await snapshot({
        lockBudgetMs: 'wait',
        async onStep(at) {
          if (at !== step || fired) return
          fired = true
          committed = sql(change)
          // Either it gets through now, or it waits behind our locks until the snapshot is closed.
          await Promise.race([committed, new Promise((resolve) => setTimeout(resolve, 80))])
        },
      })
      const found = await readAll(opened)
      await opened.close()
      await committed
      const after = await snapshot()
      const later = await readAll(after)
      await after.close()
      // All of it is from before the change, or all from after it.
      expect([before, later], `${name} after ${step}`).toContainEqual(found)
    }
  })
})

test('a table created after the locks is locked as well, before it counts', async () => {
  const sql = await freshDatabase()
  await sql('CREATE TABLE a AS SELECT 1 AS n')
  const steps: SnapshotStep[] = []
  const opened = await snapshot({
    lockBudgetMs: 'wait',
    async onStep(step) {
      if (step === 'locked' && !steps.includes('locked')) await sql('CREATE TABLE b AS SELECT 2 AS n')
      steps.push(step)
    },
  })
  // TRUNCATE does not heed snapshots: were b not locked, its rows would be gone for ours too.
  const truncated = sql('TRUNCATE b')
  await Promise.race([truncated, new Promise((resolve) => setTimeout(resolve, 80))])
  expect(await readAll(opened)).toEqual({ 'public.a': '1\n', 'public.b': '2\n' })
  expect(steps.filter((step) => step === 'locked')).toHaveLength(2)
  await opened.close()
  await truncated
})

describe('lock budget', () => {
  test('behind another session: gives up in time and names it', async () => {
    const sql = await freshDatabase()
    await sql('CREATE TABLE a (n int)')
    const other = await session()
    await other.query('BEGIN; LOCK TABLE public.a IN ACCESS EXCLUSIVE MODE')
    const stopwatch = startStopwatch()
    await expect(snapshot({ lockBudgetMs: 500 })).rejects.toMatchObject({
      code: 'LOCK_BUDGET',
      retryable: true,
      detail: { pid: other.backendPid, statement: 'BEGIN; LOCK TABLE public.a IN ACCESS EXCLUSIVE MODE' },
    })
    expect(stopwatch.milliseconds()).toBeLessThan(2000)
  })

  test('in front of another session: yields, names the statement, and the statement goes through', async () => {
    const sql = await freshDatabase()
    await sql('CREATE TABLE a (n int)')
    const opened = await snapshot({ lockBudgetMs: 500 })
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(opened.signal.aborted).toBe(false)
    const stopwatch = startStopwatch()
    await sql('ALTER TABLE a ADD COLUMN m int')
    expect(stopwatch.milliseconds()).toBeLessThan(2500)
    expect(opened.signal.reason).toMatchObject({
      code: 'LOCK_BUDGET',
      detail: { statement: 'ALTER TABLE a ADD COLUMN m int' },
    })
    await expect(opened.session.query('SELECT 1')).rejects.toMatchObject({ code: 'LOCK_BUDGET' })
  })

  test('"wait" waits', async () => {
    const sql = await freshDatabase()
    await sql('CREATE TABLE a (n int)')
    const other = await session()
    await other.query('BEGIN; LOCK TABLE public.a IN ACCESS EXCLUSIVE MODE')
    const opening = snapshot({ lockBudgetMs: 'wait' })
    await new Promise((resolve) => setTimeout(resolve, 500))
    await other.query('COMMIT')
    expect((await opening).tables).toHaveLength(1)
  })

  test('a worker never queues up behind a waiting ALTER', async () => {
    const sql = await freshDatabase()
    await sql('CREATE TABLE a (n int)')
    const opened = await snapshot({ lockBudgetMs: 'wait' })
    const altering = sql('ALTER TABLE a ADD COLUMN m int')
    await expect.poll(() => sql(`SELECT FROM pg_locks WHERE relation = 'a'::regclass AND NOT granted`)).toHaveLength(1)
    const worker = await session()
    await joinSnapshot(worker, opened.id)
    expect(await lockWithoutWaiting(worker, { schema: 'public', name: 'a' })).toBe(false)
    expect(await worker.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
    await opened.close()
    await altering
  })
})

describe('ending', () => {
  test('a snapshot too old ends with its reason', async () => {
    await freshDatabase()
    const opened = await snapshot({ maxAgeMs: 100 })
    await expect.poll(() => opened.signal.reason).toMatchObject({ code: 'SNAPSHOT_TOO_OLD' })
  })

  test.each(['snapshot', 'lock watch'])('the loss of the connection "%s" is noticed', async (application) => {
    await freshDatabase()
    const opened = await snapshot()
    const ended = await cluster.sql(
      'postgres',
      'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1 AND datname = $2',
      [`lifeboat: ${application}`, source.database],
    )
    expect(ended).toHaveLength(1)
    await expect.poll(() => opened.signal.reason).toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  })

  test('an abort leaves no backend after 5 s, whatever it was doing', async () => {
    const sql = await freshDatabase()
    await sql('CREATE TABLE a AS SELECT g AS n FROM generate_series(1, 1000) g')
    const controller = new AbortController()
    const opened = await snapshot({ signal: controller.signal })
    const sleeping = await session('sleeping', controller.signal)
    const copying = await session('copying', controller.signal)
    const waiting = await session('waiting', controller.signal)
    await sql('CREATE TABLE blocked (n int)')
    const blocker = await session()
    await blocker.query('BEGIN; LOCK TABLE public.blocked IN ACCESS EXCLUSIVE MODE')
    const endless = "COPY (SELECT repeat('x', 100) FROM generate_series(1, 300000)) TO STDOUT"
    const work = Promise.allSettled([
      sleeping.query('SELECT pg_sleep(600)'),
      // A consumer that has stopped: the backend hangs in a send.
      copyOut(copying, endless, () => new Promise(() => {})),
      waiting.query('BEGIN; LOCK TABLE public.blocked'),
    ])
    await new Promise((resolve) => setTimeout(resolve, 300))
    const stopwatch = startStopwatch()
    controller.abort()
    const results = await work
    expect(results.map((result) => result.status === 'rejected' && result.reason.code)).toEqual([
      'ABORTED',
      'ABORTED',
      'ABORTED',
    ])
    const pids = [opened.session, sleeping, copying, waiting].map(({ backendPid }) => backendPid)
    for (;;) {
      const [row] = await cluster.sql<{ count: number }>(
        'postgres',
        'SELECT count(*)::int FROM pg_stat_activity WHERE pid = ANY ($1)',
        [pids],
      )
      if (row?.count === 0) break
      expect(stopwatch.milliseconds()).toBeLessThan(5000)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })
})
