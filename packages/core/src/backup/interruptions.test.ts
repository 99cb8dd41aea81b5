import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EngineEvent } from '../events.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import { wrapStorage } from '../storage/wrap.ts'
import { startStopwatch, whereTimeGoesBy } from '../testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { openBackup, ourBackendsSql, testContext, testOptions } from './backup-fixture.ts'
import { runBackup } from './run-backup.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.createDatabase('app')
  await cluster.sql(
    'app',
    `CREATE TABLE big AS SELECT i, (SELECT string_agg(md5((i * 30 + j)::text), '') FROM generate_series(1, 30) j) AS t
       FROM generate_series(1, 25000) i;
     CREATE TABLE small AS SELECT i FROM generate_series(1, 100) i`,
  )
})
afterAll(() => cluster?.stop())

/** Runs `action` once, when the rows begin to be read. */
function whenRowsBegin(action: () => void, events: EngineEvent[] = []) {
  let done = false
  return (event: EngineEvent) => {
    events.push(event)
    if (done || event.type !== 'phase' || event.phase !== 'rows') return
    done = true
    action()
  }
}

/** Does not take pack number `from` before `goOn`: however fast the machine, the rows are still being stored then. */
function holdPacks(goOn: Promise<unknown>, from = 1): Storage {
  const storage = createMemoryStorage()
  let packs = 0
  return wrapStorage(storage, {
    async put(name, ...rest) {
      if (name.startsWith('packs/') && ++packs >= from) await goOn
      return storage.put(name, ...rest)
    },
  })
}

test('an abort ends the backends within 5 s, leaves nothing visible, and what was stored is used again', async () => {
  const abort = new AbortController()
  const aborted = new Promise((resolve) => abort.signal.addEventListener('abort', resolve))
  const storage = holdPacks(aborted, 5)
  const context = await testContext(cluster.url('app'), { storage, resources: { segmentBlocks: 64 } })
  const stopwatch = startStopwatch()
  const report = whenRowsBegin(async () => {
    while ((await Array.fromAsync(storage.list('packs/'))).length < 4) await sleep(20)
    stopwatch.restart()
    abort.abort()
  })
  await expect(runBackup(context, testOptions({ signal: abort.signal, report }))).rejects.toMatchObject({
    code: 'ABORTED',
    exitCode: 130,
  })
  expect(stopwatch.milliseconds()).toBeLessThan(5000)
  while ((await cluster.sql('app', ourBackendsSql)).length > 0) {
    expect(stopwatch.milliseconds()).toBeLessThan(5000)
    await sleep(50)
  }
  expect(await Array.fromAsync(storage.list('backups/'))).toEqual([])
  const left = await Array.fromAsync(storage.list('packs/'))
  const { manifest } = await runBackup(context, testOptions())
  const fresh = await runBackup(
    await testContext(cluster.url('app'), { resources: { segmentBlocks: 64 } }),
    testOptions(),
  )
  expect(left.length).toBeGreaterThanOrEqual(4)
  const leftBytes = left.reduce((sum, { bytes }) => sum + bytes, 0)
  expect(manifest.stored_bytes).toBeLessThan(fresh.manifest.stored_bytes - leftBytes * 0.8)
})

test('a signal that has fired already starts nothing', async () => {
  const context = await testContext(cluster.url('app'))
  await expect(runBackup(context, testOptions({ signal: AbortSignal.abort() }))).rejects.toMatchObject({
    code: 'ABORTED',
  })
})

test('a killed worker backend fails the backup, and leaves nothing visible', async () => {
  const killed = Promise.withResolvers<void>()
  const context = await testContext(cluster.url('app'), { storage: holdPacks(killed.promise) })
  const worker = `SELECT pg_terminate_backend(pid) AS killed FROM pg_stat_activity WHERE application_name = 'lifeboat: backup worker' LIMIT 1`
  const report = whenRowsBegin(async () => {
    while ((await cluster.sql('app', worker)).length === 0) await sleep(5)
    killed.resolve()
  })
  await expect(runBackup(context, testOptions({ report }))).rejects.toMatchObject({ code: 'DATABASE_UNREACHABLE' })
  expect(await Array.fromAsync(context.repository.storage.list('backups/'))).toEqual([])
})

// A connection that is being made while the machine stands still is given up.
test('two backups of one database do not overlap: the second one waits, or is refused', () =>
  whereTimeGoesBy(backUpTwice))

async function backUpTwice() {
  const context = await testContext(cluster.url('app'))
  const order: string[] = []
  const backUp = async (name: string) => {
    const report = (event: EngineEvent) => event.type === 'phase' && order.push(`${name} ${event.phase}`)
    const outcome = await runBackup(context, testOptions({ report })).catch((error: unknown) => error)
    order.push(`${name} ended`)
    return outcome
  }
  const outcomes = await Promise.all([backUp('one'), backUp('two')])
  const refused = outcomes.filter((outcome) => outcome instanceof Error)
  if (refused.length > 0) expect(refused).toMatchObject([{ code: 'LEASE_HELD' }])
  const snapshots = order.filter((entry) => entry.endsWith(' snapshot'))
  const [first, second] = snapshots.map((entry) => entry.slice(0, 3))
  if (second) expect(order.indexOf(`${first} ended`)).toBeLessThan(order.indexOf(`${second} snapshot`))
}

test('a schema change in the way: the backup gives way within its budget, and takes a new snapshot', async () => {
  await cluster.sql('app', 'ALTER TABLE big DROP COLUMN IF EXISTS later')
  const waits = Promise.withResolvers<void>()
  const storage = holdPacks(waits.promise)
  const context = await testContext(cluster.url('app'), { storage, resources: { retryDelaysMs: [200, 200] } })
  const events: EngineEvent[] = []
  let waited = 0
  let altered: Promise<unknown> | undefined
  const report = whenRowsBegin(async () => {
    const stopwatch = startStopwatch()
    altered = cluster.sql('app', 'ALTER TABLE big ADD COLUMN later int DEFAULT 7').then(() => {
      waited = stopwatch.milliseconds()
      // It may have been let through before anybody saw it wait.
      waits.resolve()
    })
    const waiting = `SELECT FROM pg_locks WHERE relation = 'big'::regclass AND NOT granted`
    while (waited === 0 && (await cluster.sql('app', waiting)).length === 0) await sleep(5)
    waits.resolve()
  }, events)
  const { manifest } = await runBackup(context, testOptions({ report, lockBudgetMs: 300 }))
  await altered
  expect(waited).toBeLessThan(5000)
  const gaveWay = events.find((event) => event.type === 'log' && event.level === 'warning')
  expect(gaveWay).toMatchObject({
    detail: { code: 'LOCK_BUDGET', statement: expect.stringContaining('ALTER TABLE big') },
  })
  const { tables } = await openBackup(context.repository, manifest)
  expect(tables.get('public.big')).toMatchObject({ columns: ['i', 't', 'later'], rows: 25_000 })
})

/** pg_dump locks every table too; with the exported snapshot's session that makes two. */
async function pgDumpHasLocked(): Promise<void> {
  const sql = `SELECT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND relation = 'small'::regclass AND granted) AS locked
    FROM pg_stat_activity a WHERE application_name = 'lifeboat: schema'`
  for (let seen = false; ; ) {
    const [dump] = await cluster.sql<{ locked: boolean }>('app', sql)
    // Gone again: it has read all it needs.
    if (dump ? dump.locked : seen) return
    seen ||= dump !== undefined
    await sleep(10)
  }
}

test('lockBudget "wait": the contested table is read by the session that holds its lock', async () => {
  const context = await testContext(cluster.url('app'))
  const events: EngineEvent[] = []
  let altered: Promise<unknown> | undefined
  let dumping: Promise<void> | undefined
  const atRows = whenRowsBegin(() => {
    altered = dumping?.then(() => cluster.sql('app', 'ALTER TABLE small ADD COLUMN later int; TRUNCATE small'))
  }, events)
  const report = (event: EngineEvent) => {
    if (event.type === 'phase' && event.phase === 'snapshot') dumping = pgDumpHasLocked()
    atRows(event)
  }
  const { manifest } = await runBackup(context, testOptions({ report, lockBudgetMs: 'wait' }))
  await altered
  const contested = events.filter((event) => event.type === 'log' && event.message.includes('"public"."small"'))
  expect(contested.length).toBeGreaterThan(0)
  const backup = await openBackup(context.repository, manifest)
  expect(backup.tables.get('public.small')).toMatchObject({ columns: ['i'], rows: 100 })
  expect((await backup.rows('public.small')).toString().split('\n')).toHaveLength(101)
  expect(await cluster.sql('app', 'SELECT count(*)::int AS n FROM small')).toEqual([{ n: 0 }])
})

test('behind a session that holds a table, the backup fails when its budget is over', async () => {
  const context = await testContext(cluster.url('app'))
  const holder = new Client({ connectionString: cluster.url('app') })
  await holder.connect()
  await holder.query('BEGIN; LOCK TABLE big')
  try {
    await expect(runBackup(context, testOptions({ lockBudgetMs: 300 }))).rejects.toMatchObject({ code: 'LOCK_BUDGET' })
  } finally {
    await holder.end()
  }
})

test('an enum label renamed while rows are read: a new attempt, never a mixture', async () => {
  await cluster.sql(
    'app',
    `DROP TABLE IF EXISTS moods; DROP TYPE IF EXISTS mood; CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE moods AS SELECT 'sad'::mood AS mood FROM generate_series(1, 1000)`,
  )
  const renamed = Promise.withResolvers<void>()
  const storage = holdPacks(renamed.promise)
  const context = await testContext(cluster.url('app'), { storage, resources: { retryDelaysMs: [10] } })
  const events: EngineEvent[] = []
  const report = whenRowsBegin(async () => {
    await cluster.sql('app', `ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'`)
    renamed.resolve()
  }, events)
  const { manifest } = await runBackup(context, testOptions({ report }))
  expect(events.filter((event) => event.type === 'phase' && event.phase === 'rows')).toHaveLength(2)
  const rows = await (await openBackup(context.repository, manifest)).rows('public.moods')
  expect(new Set(rows.toString().trim().split('\n'))).toEqual(new Set(['blue']))
})

test('a snapshot that grows too old ends the backup', async () => {
  const context = await testContext(cluster.url('app'), { resources: { maxSnapshotAgeMs: 50 } })
  await expect(runBackup(context, testOptions())).rejects.toMatchObject({ code: 'SNAPSHOT_TOO_OLD' })
  expect(await Array.fromAsync(context.repository.storage.list('backups/'))).toEqual([])
})
