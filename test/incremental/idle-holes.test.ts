/**
 * One test for each way in which rows differ although no transaction seems to have ended: see docs/incremental.md. Each
 * shows that without its condition the rule would take over rows that are not there any more.
 */
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { testContext, testOptions } from '../../packages/core/src/backup/backup-fixture.ts'
import { whyNotIdle } from '../../packages/core/src/backup/idle-since.ts'
import { runBackup } from '../../packages/core/src/backup/run-backup.ts'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { openExportedSnapshot } from '../../packages/core/src/postgres/exported-snapshot.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { compareWith } from './reading.ts'
import { asServer, binOf, burnTo, connect, crashBackend, processOf, quiet, startStandby } from './servers.ts'

const servers: TemporaryCluster[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function startServer(settings: Record<string, string | number> = {}): Promise<TemporaryCluster> {
  const server = await startTemporaryCluster({ settings: { ...quiet, ...settings } })
  servers.push(server)
  await server.createDatabase('shop')
  await server.sql('shop', `CREATE TABLE t AS SELECT i AS id, 'AAAAAAAA' AS v FROM generate_series(1, 100) i`)
  return server
}

const nothingElse = { markerTransactions: new Set<string>(), rowSurgery: false }
const rowsOf = async (server: TemporaryCluster) =>
  JSON.stringify(await server.sql('shop', 'SELECT * FROM t ORDER BY id'))

test('pg_resetwal: a restart in between costs a scan', async () => {
  const server = await startServer()
  await compareWith(server.url('shop'), null)
  const first = await compareWith(server.url('shop'), null)
  const before = await rowsOf(server)
  await server.sql('shop', `UPDATE t SET v = 'changed' WHERE id = 7`)
  // Visible whatever ids are handed out.
  await server.sql('shop', 'VACUUM (FREEZE)')
  await server.shutdown('fast')
  const { xmax } = first.reading.facts
  await asServer(join(await binOf(server), 'pg_resetwal'), ['-x', String(BigInt(xmax) + 1n), server.dataDirectory])
  await server.start()

  const second = await compareWith(server.url('shop'), first.reading)
  expect(await rowsOf(server)).not.toBe(before)
  expect(second).toMatchObject({ wrong: [], idle: { whyNot: 'the server was restarted since', segments: 0 } })
  expect(second.changed).toBeGreaterThan(0)
  const { facts } = second.reading
  const markerTransactions = new Set([first.reading.facts.marker_transaction!])
  const sameStart = { ...facts, postmaster_started: first.reading.facts.postmaster_started }
  expect(whyNotIdle(first.reading.facts, sameStart, { ...nothingElse, markerTransactions })).toBeNull()
})

test('a commit that was seen and not on disk is lost in a crash: ids alone prove nothing, the history does', async () => {
  const server = await startServer()
  await server.sql('shop', 'CHECKPOINT')
  const walWriter = await processOf(server, 'walwriter')
  process.kill(walWriter, 'SIGSTOP')
  const client = await connect(server)
  await client.query(`SET synchronous_commit = off`)
  await client.query(`UPDATE t SET v = 'changed' WHERE id = 7`)
  await client.end()
  const first = await compareWith(server.url('shop'), null, { marker: false })
  const before = await rowsOf(server)
  await crashBackend(server, walWriter)
  await burnTo(server, BigInt(first.reading.facts.xmax))

  const second = await compareWith(server.url('shop'), first.reading, { marker: false })
  expect(await rowsOf(server)).not.toBe(before)
  expect(second).toMatchObject({ wrong: [], idle: { segments: 0 } })
  expect(second.refused).toContain('not known to be on disk')
  expect(whyNotIdle(first.reading.facts, second.reading.facts, nothingElse)).toBeNull()
})

test('a standby that is promoted right after its snapshot: the snapshot lists no transaction', async () => {
  const server = await startServer({ max_wal_senders: 3 })
  const writer = await connect(server)
  await writer.query(`BEGIN; UPDATE t SET v = 'prepared' WHERE id = 7; PREPARE TRANSACTION 'p'`)
  await burnTo(server, 900n)
  await writer.end()
  const standby = await startStandby(server, await binOf(server), join(dirname(server.dataDirectory), 'standby'))
  try {
    await standby.catchUp()
    let exported = false
    const first = await compareWith(standby.url, null, {
      async onStep(step) {
        if (step !== 'exported' || exported) return
        exported = true
        await standby.promote()
      },
    })
    const { facts } = first.reading
    // All that is asked afterwards says that it is a primary's, and that no transaction was open.
    expect(facts).toMatchObject({ in_recovery: false, marker: expect.any(String) })
    expect(facts.open_transactions).toBeUndefined()
    await standby.sql(`COMMIT PREPARED 'p'`)
    const second = await compareWith(standby.url, first.reading)
    expect(second).toMatchObject({ refused: null, wrong: [], idle: { segments: 0 } })
    expect(second.changed).toBeGreaterThan(0)
    expect((await standby.sql('SELECT v FROM t WHERE id = 7'))[0]).toEqual({ v: 'prepared' })
  } finally {
    await standby.stop()
  }
})

test('a marker whose table does more than hold it does not count as one that wrote nothing else', async () => {
  const server = await startServer()
  const markerTransaction = async () => {
    const snapshot = await openExportedSnapshot(resolveConnection(server.url('shop')))
    await snapshot.close()
    return snapshot.facts.marker_transaction
  }
  expect(await markerTransaction()).toMatch(/^\d+$/)
  await server.sql(
    'shop',
    `CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'UPDATE public.t SET id = id + 1; SELECT 1';
     CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.f(); RETURN NEW; END';
     CREATE FUNCTION h(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1'`,
  )
  const alterations: [string, string][] = [
    [
      'CREATE TRIGGER g BEFORE INSERT ON lifeboat.marker FOR EACH ROW EXECUTE FUNCTION g()',
      'DROP TRIGGER g ON lifeboat.marker',
    ],
    ['CREATE RULE r AS ON INSERT TO lifeboat.marker DO ALSO SELECT f()', 'DROP RULE r ON lifeboat.marker'],
    ['ALTER TABLE lifeboat.marker ADD COLUMN x int DEFAULT f()', 'ALTER TABLE lifeboat.marker DROP COLUMN x'],
    ['ALTER TABLE lifeboat.marker ADD CONSTRAINT c CHECK (f() = 1)', 'ALTER TABLE lifeboat.marker DROP CONSTRAINT c'],
    [
      `ALTER TABLE lifeboat.marker ALTER written_at SET DEFAULT now() + f() * interval '0'`,
      'ALTER TABLE lifeboat.marker ALTER written_at SET DEFAULT now()',
    ],
    ['CREATE INDEX i ON lifeboat.marker (h(nonce))', 'DROP INDEX lifeboat.i'],
    ['ALTER TABLE lifeboat.marker ENABLE ROW LEVEL SECURITY', 'ALTER TABLE lifeboat.marker DISABLE ROW LEVEL SECURITY'],
    ['ALTER TABLE lifeboat.marker SET UNLOGGED', 'ALTER TABLE lifeboat.marker SET LOGGED'],
  ]
  for (const [alteration, back] of alterations) {
    await server.sql('shop', alteration)
    expect(await markerTransaction(), alteration).toBeUndefined()
    await server.sql('shop', back)
    expect(await markerTransaction(), back).toMatch(/^\d+$/)
  }
})

test('an unlogged table that a crash emptied is scanned, and a permanent one beside it is not', async () => {
  const server = await startServer()
  await server.sql('shop', 'CREATE UNLOGGED TABLE u AS SELECT i FROM generate_series(1, 100) i')
  await compareWith(server.url('shop'), null)
  const first = await compareWith(server.url('shop'), null)
  await crashBackend(server)
  const second = await compareWith(server.url('shop'), first.reading)
  expect(second).toMatchObject({ refused: null, wrong: [], idle: { whyNot: null, tables: 1 } })
  expect(second.changed).toBe(1)
})

test('a page that changes behind the server: the sample of an idle backup finds it, and all is read and counted', async () => {
  // Sixteen buffers: what was read is soon read from disk again.
  const server = await startServer({ shared_buffers: '128kB' })
  const context = await testContext(server.url('shop'), { changeDetection: { sampleShare: 1 } })
  const backup = async () => (await runBackup(context, testOptions({ type: 'incremental' }))).manifest
  await backup()
  const base = await backup()
  expect(base.change).toMatchObject({ segments_sampled: 1 })
  expect(base.change?.not_idle).toBeUndefined()

  const [file] = await server.sql<{ path: string }>('shop', `SELECT pg_relation_filepath('t') AS path`)
  await server.sql('shop', 'CHECKPOINT')
  for (let round = 0; round < 3; round++) await server.sql('postgres', 'SELECT count(*) FROM pg_attribute, pg_class')
  const page = await open(join(server.dataDirectory, file!.path), 'r+')
  // The first row's pointer, behind the header of the page.
  await page.write(Buffer.alloc(4), 0, 4, 24)
  await page.close()
  expect(await server.sql('shop', 'SELECT count(*)::int AS n FROM t')).toEqual([{ n: 99 }])

  const wrong = await backup()
  expect(wrong).toMatchObject({ type: 'full', row_count: 99 })
  expect(wrong.change?.reason).toBe(`unchanged rows were not what backup ${base.number} has of them`)
})
