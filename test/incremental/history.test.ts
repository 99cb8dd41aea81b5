/** The first sentence of the proof: the present snapshot is later than the base's in the same history of the same server. */
import { execFile } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Base, confirmBase } from '../../packages/core/src/backup/find-base.ts'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { openExportedSnapshot } from '../../packages/core/src/postgres/exported-snapshot.ts'
import { walReached } from '../../packages/core/src/postgres/snapshot-facts.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { some } from '../runner/counts.ts'
import { postgresPrograms, versionsToTest } from '../servers/postgres-versions.ts'
import { compareWith, type Reading } from './reading.ts'
import { asServer, binOf, burnTo, connect, crashBackend, processOf, quiet, startStandby } from './servers.ts'

const run = promisify(execFile)
const servers: TemporaryCluster[] = []
/** What the tests run on that need none of the programs that other versions come without. */
let version: { binDirectory?: string } | undefined
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function startServer(settings: Record<string, string | number> = quiet): Promise<TemporaryCluster> {
  const server = await startTemporaryCluster({ settings, binDirectory: version?.binDirectory })
  servers.push(server)
  await server.createDatabase('shop')
  await server.sql(
    'shop',
    `CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t SELECT i, 'row ' || i FROM generate_series(1, 50) i;
     CREATE TABLE scratch (x int)`,
  )
  return server
}

/**
 * A transaction aborts just before the backup, and its end is not in the log on disk when a backend is killed after it:
 * then its id is handed out again, and the rows it marks look older than the backup.
 */
async function crashAfterAbort(marker: boolean) {
  const server = await startServer()
  await server.sql('shop', 'CHECKPOINT')
  const writer = await processOf(server, 'walwriter')
  process.kill(writer, 'SIGSTOP')
  const client = await connect(server)
  await client.query('SET synchronous_commit = off')
  for (let i = 0; i < 40; i++) await client.query('BEGIN; INSERT INTO scratch VALUES (1); ROLLBACK')
  await client.end()
  const first = await compareWith(server.url('shop'), null, { marker })
  await crashBackend(server)
  await server.sql('shop', `UPDATE t SET v = 'changed after the crash' WHERE id = 7`)
  await burnTo(server, BigInt(first.reading.facts.xmax) + 1n)
  // The log has long passed the place where the backup saw it.
  await server.sql('shop', 'INSERT INTO scratch SELECT i FROM generate_series(1, 20000) i')
  return { first, second: await compareWith(server.url('shop'), first.reading, { marker }) }
}

/** Puts the data folder back to what it was before the first backup, and lets the same transaction ids change rows. */
async function putBack(server: TemporaryCluster, first: () => Promise<Reading>): Promise<Reading> {
  const copy = join(dirname(server.dataDirectory), 'copy')
  await server.shutdown('fast')
  await cp(server.dataDirectory, copy, { recursive: true, preserveTimestamps: true })
  await run('chown', ['-R', '--reference', server.dataDirectory, copy])
  await server.start()
  await burnTo(server, 900n)
  const reading = await first()
  await server.shutdown('fast')
  await rm(server.dataDirectory, { recursive: true })
  await cp(copy, server.dataDirectory, { recursive: true, preserveTimestamps: true })
  await run('chown', ['-R', '--reference', copy, server.dataDirectory])
  await run('chmod', ['700', server.dataDirectory])
  await server.start()
  await server.sql('shop', `UPDATE t SET v = 'changed in another history' WHERE id = 7`)
  await burnTo(server, BigInt(reading.facts.xmax) + 10n)
  return reading
}

// Those of 18 in the long run; its pages are met in `npm test` by holes.test.ts.
describe.each(some(await versionsToTest(18), 1))('$name', ({ binDirectory, unavailable }) => {
  beforeEach((context) => {
    if (unavailable) context.skip(unavailable)
    version = { binDirectory }
  })
  afterEach(() => {
    version = undefined
  })

  test('backend killed between two backups: with the marker nothing the first one saw is lost', async () => {
    const { first, second } = await crashAfterAbort(true)
    expect(first.reading.facts.marker).not.toBeNull()
    expect(second).toMatchObject({ refused: null, wrong: [] })
    expect(second.changed).toBeGreaterThan(0)
  })

  test('the same without a marker: what was not on disk is no base', async () => {
    const { first, second } = await crashAfterAbort(false)
    expect(first.reading.facts).toMatchObject({ marker: null, flushed: false })
    expect(second.wrong).toEqual([])
    expect(second.refused).toContain('not known to be on disk')
  })

  test('without a marker a restart makes a full backup, and no restart none', async () => {
    const server = await startServer()
    const url = server.url('shop')
    const first = await compareWith(url, null, { marker: false })
    const second = await compareWith(url, first.reading, { marker: false })
    expect(second).toMatchObject({ refused: null, wrong: [], changed: 0 })
    await server.shutdown('fast')
    await server.start()
    expect((await compareWith(url, second.reading, { marker: false })).refused).toContain('restarted')
  })

  test('with fsync off a marker proves nothing across a restart', async () => {
    const server = await startServer({ ...quiet, fsync: 'off' })
    const url = server.url('shop')
    const first = await compareWith(url, null)
    expect(first.reading.facts.marker).not.toBeNull()
    expect(await compareWith(url, first.reading)).toMatchObject({ refused: null, wrong: [], changed: 0 })
    await server.shutdown('fast')
    await server.start()
    expect((await compareWith(url, first.reading)).refused).toContain('runs with fsync off')
  })

  test('a setting that shapes text has changed: everything is read', async () => {
    const server = await startServer()
    const first = await compareWith(server.url('shop'), null)
    await server.sql('shop', `ALTER DATABASE shop SET lc_monetary = 'POSIX'`)
    const second = await compareWith(server.url('shop'), first.reading)
    // The row of pg_database is as it was: such settings are kept elsewhere.
    expect(second.refused).toContain('the setting lc_monetary changed')
  })

  test('how far the log has come is seen both ways', async () => {
    const server = await startServer()
    const client = await connect(server)
    const query: Parameters<typeof walReached>[0] = async (text, values) =>
      (await client.query(text, values as [])).rows
    expect([await walReached(query, '0/1'), await walReached(query, 'FFFFFF/0')]).toEqual([true, false])
    await client.end()
  })

  test('data directory put back: the marker is gone', async () => {
    const server = await startServer()
    await server.sql('shop', 'VACUUM')
    // A backup before the copy, so that the bookkeeping is there in both histories.
    await compareWith(server.url('shop'), null)
    const first = await putBack(server, async () => (await compareWith(server.url('shop'), null)).reading)
    const second = await compareWith(server.url('shop'), first)
    expect(second.wrong).toEqual([])
    expect(second.refused).toContain('its marker is gone')
  })

  test.each([true, false])(
    'overlapping backups: a base that is later than the snapshot (marker: %s)',
    async (marker) => {
      const server = await startServer()
      const parameters = resolveConnection(server.url('shop'))
      // Makes the bookkeeping, which takes a transaction id of its own.
      await compareWith(server.url('shop'), null)
      const [one, two] = [await connect(server), await connect(server)]
      await one.query('BEGIN; INSERT INTO scratch VALUES (1)')
      await two.query(`BEGIN; DELETE FROM t WHERE id = 5; INSERT INTO t VALUES (500, 'new')`)
      await server.sql('shop', 'INSERT INTO scratch VALUES (3)')
      const before = await openExportedSnapshot(parameters, { marker: false })
      await two.query('COMMIT')
      const positions = { before: before.facts.insert_lsn }
      const later = await compareWith(server.url('shop'), null, { marker })
      expect([later.reading.facts.xmin, later.reading.facts.xmax]).toEqual([before.facts.xmin, before.facts.xmax])
      const base = { manifest: { number: 1, snapshot: later.reading.facts }, tables: new Map() } as unknown as Base
      // As it was when `before` was taken.
      const [{ reached }] = (await server.sql<{ reached: boolean }>(
        'shop',
        'SELECT $1::pg_lsn >= $2::pg_lsn AS reached',
        [positions.before, later.reading.facts.insert_lsn],
      )) as [{ reached: boolean }]
      expect(reached).toBe(false)
      const confirmed = await confirmBase(
        before.session.query,
        { base, positionReached: reached, markers: new Map() },
        before.facts,
      )
      expect(confirmed).toMatchObject({
        reason: expect.stringContaining(marker ? 'marker is gone' : 'gone back in its log'),
      })
      expect(await walReached(before.session.query, later.reading.facts.insert_lsn)).toBe(true)
      await before.close()
      await Promise.all([one.end(), two.end()])
    },
  )

  test('a database dropped and made anew from a template with the same oid', async () => {
    const server = await startServer({ ...quiet, wal_writer_delay: '100ms' })
    await server.sql('postgres', 'CREATE DATABASE other TEMPLATE shop')
    await server.sql('other', `UPDATE t SET v = 'changed in the copy' WHERE id = 7`)
    await burnTo(server, 850n)
    const first = await compareWith(server.url('shop'), null, { marker: false })
    expect(first.reading.facts.flushed).toBe(true)
    await server.sql('postgres', 'DROP DATABASE shop')
    await server.sql('postgres', `CREATE DATABASE shop TEMPLATE other OID ${first.reading.facts.database_oid}`)
    const second = await compareWith(server.url('shop'), first.reading, { marker: false })
    expect(second.reading.facts.database_oid).toBe(first.reading.facts.database_oid)
    expect(second.wrong).toEqual([])
    expect(second.refused).toContain('made or altered since')
  })
})

test('standby: compared with itself, also once promoted; but not with a primary whose last changes it lacks', async () => {
  const server = await startServer({ ...quiet, max_wal_senders: 3 })
  const bin = await binOf(server)
  const folder = join(dirname(server.dataDirectory), 'standby')
  const standby = await startStandby(server, bin, folder)
  try {
    const url = standby.url
    const onStandby = await compareWith(url, null)
    expect(onStandby.reading.facts).toMatchObject({ in_recovery: true, marker: null, flushed: true })
    await server.sql('shop', `UPDATE t SET v = 'new' WHERE id = 3`)
    await standby.catchUp()
    const second = await compareWith(url, onStandby.reading)
    expect(second).toMatchObject({ refused: null, wrong: [] })
    expect([second.changed > 0, second.unchanged > 0]).toEqual([true, true])

    // The primary makes a backup and is lost with what the standby has not received.
    await standby.disconnectFromPrimary()
    await burnTo(server, 900n)
    const lost = await compareWith(server.url('shop'), null)
    await server.shutdown('immediate')
    await standby.promote()
    await standby.sql(`UPDATE t SET v = 'in the other history' WHERE id = 9`)
    await standby.burnTo(BigInt(lost.reading.facts.xmax) + 10n)
    const after = await compareWith(url, lost.reading)
    expect(after.wrong).toEqual([])
    expect(after.refused).toContain('its marker is gone')
    // It has been the same server all along for the backup that was made on it.
    const own = await compareWith(url, second.reading)
    expect(own).toMatchObject({ refused: null, wrong: [] })
  } finally {
    await standby.stop()
  }
})

test('transaction ids gone once around (pg_resetwal): too far to be told apart', async () => {
  const server = await startServer({ ...quiet, fsync: 'on' })
  await burnTo(server, 2000n)
  const first = await compareWith(server.url('shop'), null)
  await server.sql('shop', 'VACUUM (FREEZE)')
  await server.shutdown('fast')
  const id = Number(BigInt(first.reading.facts.xmin) & 0xffff_ffffn) - 500
  await asServer(join(await binOf(server), 'pg_resetwal'), ['-x', String(id), '-e', '1', server.dataDirectory])
  await server.start()
  await server.sql('shop', `UPDATE t SET v = 'four billion later' WHERE id = 7`)
  // Past the place where the backup stood, once around: by its 32 bits the id of the update is older.
  await burnTo(server, BigInt(first.reading.facts.xmax) + 2n ** 32n + 100n)
  const second = await compareWith(server.url('shop'), first.reading)
  expect(BigInt(second.reading.facts.xmin) - BigInt(first.reading.facts.xmin)).toBeGreaterThan(2n ** 31n)
  expect(second.wrong).toEqual([])
  expect(second.refused).toContain('too many transactions ago')
})

test('a virtual generated column (18) is never read: the function behind it may change', async (context) => {
  const programs = await postgresPrograms(18)
  if ('unavailable' in programs) return context.skip(programs.unavailable)
  const server = await startTemporaryCluster({ binDirectory: programs.server })
  servers.push(server)
  await server.createDatabase('shop')
  await server.sql(
    'shop',
    `CREATE TYPE mood AS ENUM ('sad', 'ok');
     CREATE TABLE t (id int, label text GENERATED ALWAYS AS (CASE WHEN id > 0 THEN 'a' ELSE 'b' END) VIRTUAL);
     INSERT INTO t SELECT i FROM generate_series(1, 50) i`,
  )
  const first = await compareWith(server.url('shop'), null)
  await server.sql('shop', `ALTER TABLE t ALTER COLUMN label SET EXPRESSION AS ('now something else')`)
  const second = await compareWith(server.url('shop'), first.reading)
  expect(second).toMatchObject({ refused: null, wrong: [], changed: 0 })
})
