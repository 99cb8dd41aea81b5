import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { resolveConnection } from '../../postgres/connection.ts'
import { openSession, type Session } from '../../postgres/session.ts'
import { startStopwatch } from '../../testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../testing/temporary-cluster.ts'
import { copyDatabaseName, keptDatabaseName, newRestoreId } from '../names.ts'
import { lockRestore, lockTarget } from '../restore-lock.ts'
import { formatRestoreComment } from '../undo/database-comment.ts'
import { discardRestore, dropExpiredDatabases, listKeptDatabases, undoRestore } from '../undo/kept-databases.ts'
import { cleanLeftovers, findLeftovers } from '../undo/leftovers.ts'
import { swapDatabases } from './swap.ts'

let cluster: TemporaryCluster
let control: Session
let terminator: Session
beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { wal_level: 'logical' } })
})
afterAll(() => cluster?.stop())

const connect = (database: string) => openSession(resolveConnection(cluster.url(database)), { application: 'test' })
beforeEach(async () => {
  control = await connect('postgres')
  terminator = await connect('postgres')
  return async () => {
    await control.close()
    await terminator.close()
  }
})

const quote = (name: string) => `"${name.replaceAll('"', '""')}"`
async function twoDatabases(live: string): Promise<{ copy: string; id: string }> {
  const id = newRestoreId()
  const copy = copyDatabaseName(id)
  await cluster.createDatabase(live)
  await cluster.createDatabase(copy)
  await cluster.sql(live, `CREATE TABLE which AS SELECT 'old' AS it`)
  await cluster.sql(copy, `CREATE TABLE which AS SELECT 'new' AS it`)
  return { copy, id }
}
const which = async (database: string) => (await cluster.sql<{ it: string }>(database, 'SELECT it FROM which'))[0]?.it
const facts = (id: string, database: string, more = {}) => ({
  restore: id,
  backup: 'b000000000000000',
  state: 'kept' as const,
  database,
  comment: 'the shop',
  connection_limit: 17,
  at: new Date().toISOString(),
  keep_until: null,
  safety_backup: null,
  ...more,
})
const kept = (database: string) => keptDatabaseName(database, new Date('2026-01-01T00:00:00Z'))
function swap(live: string, copy: string, id: string, more = {}) {
  return swapDatabases({
    control: control.query,
    terminator: terminator.query,
    ownBackends: [control.backendPid, terminator.backendPid],
    name: live,
    attempts: 1,
    replaced: { keptName: kept(live), comment: formatRestoreComment(facts(id, live, more)) },
    incoming: { name: copy, comment: 'the shop', connectionLimit: 17 },
  })
}

test('sessions that keep working on the live database are ended, reconnect, and find the new one within a second', async () => {
  const { copy, id } = await twoDatabases('shop')
  const seen: string[] = []
  let longestGap = 0
  let stop = false
  const stopwatch = startStopwatch()
  const app = async () => {
    let last = stopwatch.milliseconds()
    while (!stop) {
      const client = new Client({ connectionString: cluster.url('shop') })
      client.on('error', () => {})
      try {
        await client.connect()
        for (; !stop; ) {
          seen.push((await client.query('SELECT it FROM which')).rows[0].it)
          longestGap = Math.max(longestGap, stopwatch.milliseconds() - last)
          last = stopwatch.milliseconds()
        }
      } catch (error) {
        seen.push(String(Reflect.get(error as object, 'code')))
      } finally {
        await client.end().catch(() => {})
      }
    }
  }
  const apps = Array.from({ length: 8 }, app)
  // One that holds a transaction open and would never go by itself.
  const idle = new Client({ connectionString: cluster.url('shop') })
  idle.on('error', () => {})
  await idle.connect()
  await idle.query('BEGIN; SELECT * FROM which')
  await expect.poll(() => seen.length).toBeGreaterThan(100)
  const swapping = startStopwatch()
  const { milliseconds } = await swap('shop', copy, id)
  expect(milliseconds - swapping.stoodStill()).toBeLessThan(1000)
  await expect.poll(() => seen.slice(-100).every((it) => it === 'new')).toBe(true)
  stop = true
  await Promise.all(apps)
  await idle.end().catch(() => {})
  expect(longestGap).toBeLessThan(1500)
  // Each application sees old, then new, never old again.
  expect(seen).toContain('old')
  expect(seen.at(-1)).toBe('new')
  expect(seen.lastIndexOf('old')).toBeLessThan(seen.indexOf('new') + 8)
  expect(new Set(seen).difference(new Set(['old', 'new', '57P01', '3D000', 'ECONNRESET', 'undefined']))).toEqual(
    new Set(),
  )
  const [properties] = await cluster.sql<{ comment: string; limit: number }>(
    'postgres',
    `SELECT shobj_description(oid, 'pg_database') AS comment, datconnlimit AS limit FROM pg_database WHERE datname = 'shop'`,
  )
  expect(properties).toEqual({ comment: 'the shop', limit: 17 })
})

test.each([[`it's a "shop"`], ['-n'], ['a%20b DROP --'], ['ä'.repeat(31)], ['a\nb\\c'], ['x'.repeat(63)]])(
  'undo and discard of %j',
  async (live) => {
    const { copy, id } = await twoDatabases(live)
    await swap(live, copy, id)
    expect(await which(live)).toBe('new')
    expect(await which(kept(live))).toBe('old')
    expect(await listKeptDatabases(control.query, live)).toMatchObject([
      { name: kept(live), database: live, restoreId: id },
    ])

    const parameters = resolveConnection(cluster.url(live))
    const undoing = startStopwatch()
    const undone = await undoRestore(parameters, id)
    expect(undone.milliseconds - undoing.stoodStill()).toBeLessThan(1000)
    expect(await which(live)).toBe('old')
    expect(await which(undone.keptDatabase ?? '')).toBe('new')
    // An undo is undone the same way.
    const redone = await undoRestore(parameters, undone.keptDatabase ?? '')
    expect(await which(live)).toBe('new')
    expect(await discardRestore(parameters, redone.keptDatabase ?? '')).toMatchObject({ dropped: redone.keptDatabase })
    expect(await listKeptDatabases(control.query, live)).toEqual([])
    await expect(undoRestore(parameters, id)).rejects.toMatchObject({ code: 'RESTORE_NOT_FOUND' })
    expect(await which(live)).toBe('new')
  },
)

test('a prepared transaction stops the swap and nothing has changed', async () => {
  const { copy, id } = await twoDatabases('held')
  await cluster.sql('held', `BEGIN; INSERT INTO which VALUES ('more'); PREPARE TRANSACTION 'stuck'`)
  await expect(swap('held', copy, id)).rejects.toMatchObject({ code: 'DATABASE_BUSY' })
  expect(await which('held')).toBe('old')
  expect(await which(copy)).toBe('new')
  await cluster.sql('held', `ROLLBACK PREPARED 'stuck'`)
  await swap('held', copy, id)
  expect(await which('held')).toBe('new')
})

test('a crash of the server in the middle leaves the old database live; after the commit, the new one', async () => {
  const { copy, id } = await twoDatabases('crash')
  const other = await connect('postgres')
  await other.query('BEGIN')
  await other.query(`ALTER DATABASE ${quote('crash')} RENAME TO ${quote(kept('crash'))}`)
  await other.query(`ALTER DATABASE ${quote(copy)} RENAME TO crash`)
  await cluster.shutdown('immediate')
  await cluster.start()
  expect(await which('crash')).toBe('old')
  control = await connect('postgres')
  terminator = await connect('postgres')
  await swap('crash', copy, id)
  await cluster.shutdown('immediate')
  await cluster.start()
  expect(await which('crash')).toBe('new')
  expect(await which(kept('crash'))).toBe('old')
})

describe('leftovers', () => {
  const names = async () => (await findLeftovers(control.query)).map(({ database }) => database)

  test('are told from live, kept and running ones, and dropped', async () => {
    const parameters = resolveConnection(cluster.url('app'))
    await cluster.createDatabase('app')
    const [dead, unnamed, running, foreign] = [newRestoreId(), newRestoreId(), newRestoreId(), newRestoreId()]
    const comment = async (database: string, text: string) =>
      cluster.sql('postgres', `COMMENT ON DATABASE ${quote(database)} IS '${text.replaceAll("'", "''")}'`)
    const loading = (id: string) => formatRestoreComment(facts(id, 'app', { state: 'loading' }))
    for (const id of [dead, unnamed, running, foreign]) await cluster.createDatabase(copyDatabaseName(id))
    await comment(copyDatabaseName(dead), loading(dead))
    await comment(copyDatabaseName(running), loading(running))
    await comment(copyDatabaseName(foreign), 'my own notes')
    // What a hostile backup could put into the comment of what it restores.
    await comment('app', loading(dead))
    await cluster.createDatabase('lifeboat_copy_of_mine')
    const holder = await connect('app')
    await lockRestore(holder.query, running)

    expect((await names()).sort()).toEqual([copyDatabaseName(dead), copyDatabaseName(unnamed)].sort())
    const { dropped } = await cleanLeftovers(parameters)
    expect(dropped.sort()).toEqual([copyDatabaseName(dead), copyDatabaseName(unnamed)].sort())
    await holder.close()
    expect(await names()).toEqual([copyDatabaseName(running)])
    await cleanLeftovers(parameters)
    expect(await names()).toEqual([])
    const left = (await cluster.sql<{ datname: string }>('postgres', 'SELECT datname FROM pg_database')).map(
      (row) => row.datname,
    )
    expect(left).toEqual(expect.arrayContaining(['app', 'lifeboat_copy_of_mine', copyDatabaseName(foreign)]))
  })

  test('kept databases go when their time is over, and not before', async () => {
    const { copy, id } = await twoDatabases('timed')
    await swap('timed', copy, id, { keep_until: '2026-02-01T00:00:00.000Z' })
    expect(await dropExpiredDatabases(control.query, 'timed', new Date('2026-01-31T23:59:59Z'))).toEqual([])
    expect(await dropExpiredDatabases(control.query, 'timed', new Date('2026-02-01T00:00:00Z'))).toEqual([
      kept('timed'),
    ])
    expect(await which('timed')).toBe('new')
  })
})

describe('a kept database', () => {
  const over = { keep_until: '2026-02-01T00:00:00.000Z' }

  test('that the application was pointed at is not dropped when its time is over, nor discarded', async () => {
    const { copy, id } = await twoDatabases('pointed')
    await swap('pointed', copy, id, over)
    const live = resolveConnection(cluster.url(kept('pointed')))
    await cleanLeftovers(live)
    await expect(discardRestore(live, id)).rejects.toMatchObject({ code: 'DATABASE_BUSY' })
    await expect(undoRestore(live, id)).rejects.toMatchObject({ code: 'DATABASE_BUSY' })
    expect(await which(kept('pointed'))).toBe('old')
    expect(await which('pointed')).toBe('new')
  })

  test('that a session is connected to is not dropped under it when its time is over', async () => {
    const { copy, id } = await twoDatabases('looked')
    await swap('looked', copy, id, over)
    const somebody = await connect(kept('looked'))
    expect(await dropExpiredDatabases(control.query, 'looked')).not.toContain(kept('looked'))
    expect(await somebody.query('SELECT it FROM public.which')).toEqual([{ it: 'old' }])
    await somebody.close()
    expect(await dropExpiredDatabases(control.query, 'looked')).toContain(kept('looked'))
  })

  test("is no stranger's that has its name and comment", async () => {
    await cluster.sql('postgres', `CREATE ROLE stranger LOGIN PASSWORD 's' CREATEDB`)
    const { id } = await twoDatabases('bank')
    const forge = async (name: string) => {
      await cluster.createDatabase(name, { owner: 'stranger' })
      const comment = formatRestoreComment(facts(id, 'bank')).replaceAll("'", "''")
      await cluster.sql('postgres', `COMMENT ON DATABASE ${quote(name)} IS '${comment}'`)
    }
    const parameters = resolveConnection(cluster.url('bank'))
    await forge('mine_before_20260101000000')
    await expect(undoRestore(parameters, id)).rejects.toMatchObject({ code: 'RESTORE_NOT_FOUND' })
    await forge(kept('bank'))
    await expect(undoRestore(parameters, id)).rejects.toMatchObject({ code: 'RESTORE_NOT_FOUND' })
    expect(await which('bank')).toBe('old')
  })
})

test('an undo is refused while a replication slot is bound to the database, which it would leave behind', async () => {
  const { copy, id } = await twoDatabases('replicated')
  await swap('replicated', copy, id)
  await cluster.sql('replicated', `SELECT pg_create_logical_replication_slot('to_analytics', 'pgoutput')`)
  const parameters = resolveConnection(cluster.url('replicated'))
  await expect(undoRestore(parameters, id)).rejects.toMatchObject({
    code: 'DATABASE_BUSY',
    message: expect.stringContaining('to_analytics'),
  })
  expect(await which('replicated')).toBe('new')
  await cluster.sql('replicated', `SELECT pg_drop_replication_slot('to_analytics')`)
  await undoRestore(parameters, id)
  expect(await which('replicated')).toBe('old')
})

test('one restore or undo at a time per database; the lock ends with its session', async () => {
  await lockTarget(control.query, 'shop')
  await lockTarget(terminator.query, 'other')
  await expect(lockTarget(terminator.query, 'shop')).rejects.toMatchObject({ code: 'DATABASE_BUSY' })
  await control.close()
  await lockTarget(terminator.query, 'shop')
})

test('advisory locks are per database, but a restore is kept out by one that holds its lock in another', async () => {
  await lockTarget(control.query, 'elsewhere')
  const other = await connect('template1')
  await expect(lockTarget(other.query, 'elsewhere')).rejects.toMatchObject({ code: 'DATABASE_BUSY' })
  await control.close()
  await lockTarget(other.query, 'elsewhere')
  await other.close()
})

test('sessions of a superuser stop a swap by a plain owner, who changes nothing', async () => {
  await cluster.sql('postgres', `CREATE ROLE owner LOGIN PASSWORD 'o' CREATEDB`)
  const { copy, id } = await twoDatabases('owned')
  await cluster.sql('postgres', `ALTER DATABASE owned OWNER TO owner`)
  await cluster.sql('postgres', `ALTER DATABASE ${quote(copy)} OWNER TO owner`)
  const url = cluster.url('postgres', { name: 'owner', password: 'o' })
  const own = await openSession(resolveConnection(url), { application: 'test' })
  const boss = await connect('owned')
  const asOwner = {
    control: own.query,
    terminator: own.query,
    ownBackends: [own.backendPid],
    name: 'owned',
    attempts: 1,
    replaced: { keptName: kept('owned'), comment: formatRestoreComment(facts(id, 'owned')) },
    incoming: { name: copy, comment: null, connectionLimit: -1 },
  }
  const second = await openSession(resolveConnection(url), { application: 'test' })
  const promise = swapDatabases({
    ...asOwner,
    terminator: second.query,
    ownBackends: [own.backendPid, second.backendPid],
  })
  await expect(promise).rejects.toMatchObject({ code: 'DATABASE_BUSY', detail: { roles: ['postgres'] } })
  expect(await which('owned')).toBe('old')
  await boss.close()
  await own.close()
  await second.close()
})
