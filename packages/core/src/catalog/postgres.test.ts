import { Client, Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../jobs/clock.ts'
import { createJobs } from '../jobs/jobs.ts'
import { createLocalQueue } from '../jobs/local-queue.ts'
import { aloneWithWriters, lockCarry } from '../postgres/catalog-carry.ts'
import { bookkeepingComment } from '../postgres/excluded.ts'
import { startStopwatch } from '../testing/stopwatch.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { catalogConformance } from './conformance/conformance.ts'
import { openPostgresCatalog } from './postgres.ts'

let cluster: TemporaryCluster
let databases = 0
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

async function open(name: string, schema = 'li"feboat', patienceMs?: number) {
  const pool = new Pool({ connectionString: cluster.url(name), max: 6 })
  pool.on('error', () => {})
  return openPostgresCatalog({ pool, schema, location: name, ...(patienceMs === undefined ? {} : { patienceMs }) })
}

async function newDatabase() {
  const name = `catalog_${++databases}`
  await cluster.createDatabase(name)
  return name
}

describe('conformance on PostgreSQL', () => {
  test.each(catalogConformance)('$name', async ({ run }) => {
    const catalog = await open(await newDatabase())
    try {
      await run(catalog)
    } finally {
      await catalog.close()
    }
  })
})

test('four processes opening an empty database at once make the tables once', async () => {
  const name = await newDatabase()
  const catalogs = await Promise.all([open(name), open(name), open(name), open(name)])
  await Promise.all(catalogs.map((catalog, n) => catalog.configuration.write({ [`c${n}`]: n }, { by: 'u', at: 'now' })))
  expect(await catalogs[0]?.configuration.read()).toEqual({ c0: 0, c1: 1, c2: 2, c3: 3 })
  await Promise.all(catalogs.map((catalog) => catalog.close()))
})

const change = { by: 'u', at: 'now' }

/** Holds CARRY on a database from another one, as the session that renames does. */
async function holdCarry(name: string) {
  const client = new Client({ connectionString: cluster.url('postgres') })
  await client.connect()
  const [row] = await cluster.sql<{ oid: string }>(name, `SELECT oid::text FROM pg_database WHERE datname = '${name}'`)
  await client.query(lockCarry, [row?.oid])
  return client
}

const mark = (name: string) => cluster.sql(name, 'INSERT INTO "li""feboat".catalog_carry DEFAULT VALUES')
const marks = (name: string) => cluster.sql(name, 'SELECT 1 FROM "li""feboat".catalog_carry')

test('while the catalog is carried writers wait and readers do not; an end of the carrier lets them on', async () => {
  const name = await newDatabase()
  const catalog = await open(name)
  // It would refuse to delete the mark if that had no key.
  await cluster.sql(name, 'CREATE PUBLICATION everything FOR ALL TABLES')
  const carrier = await holdCarry(name)
  await mark(name)
  let carried = true
  const write = catalog.configuration.write({ a: 1 }, change).then(() => carried)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(await catalog.configuration.read()).toEqual({})
  carried = false
  await carrier.end()
  expect(await write).toBe(false)
  expect(await catalog.configuration.read()).toEqual({ a: 1 })
  expect(await marks(name)).toEqual([])
  await catalog.close()
})

test('a writer waits for as long as it has patience, then fails with CATALOG_BUSY and has written nothing', async () => {
  const name = await newDatabase()
  const catalog = await open(name, undefined, 400)
  const carrier = await holdCarry(name)
  await mark(name)
  const stopwatch = startStopwatch()
  await expect(catalog.configuration.write({ a: 1 }, change)).rejects.toMatchObject({
    code: 'CATALOG_BUSY',
    status: 503,
    retryable: true,
  })
  expect(stopwatch.milliseconds()).toBeLessThan(5000)
  expect(await catalog.configuration.read()).toEqual({})
  await carrier.end()
  await catalog.configuration.write({ a: 1 }, change)
  await catalog.close()
})

test('the carrier waits for writers under way, and none that comes later gets past the mark, at any isolation', async () => {
  const name = await newDatabase()
  await cluster.sql(name, `ALTER DATABASE ${name} SET default_transaction_isolation = 'serializable'`)
  const catalog = await open(name)
  const carrier = await holdCarry(name)
  const alone = new Client({ connectionString: cluster.url(name) })
  await alone.connect()
  await alone.query('BEGIN ISOLATION LEVEL READ COMMITTED')
  await alone.query(aloneWithWriters)
  // Waits for its share with its transaction begun, and must see what is committed before it gets it.
  let written = false
  const write = catalog.configuration.write({ a: 1 }, change).then(() => {
    written = true
  })
  await expect
    .poll(() => cluster.sql(name, `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`))
    .toHaveLength(1)
  await alone.query('INSERT INTO "li""feboat".catalog_carry DEFAULT VALUES')
  await alone.query('COMMIT')
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(written).toBe(false)
  await carrier.end()
  await write
  await alone.end()
  await catalog.close()
})

test('no catalog is made in a database that is being replaced', async () => {
  const name = await newDatabase()
  const carrier = await holdCarry(name)
  await expect(open(name, undefined, 300)).rejects.toMatchObject({ code: 'CATALOG_BUSY' })
  expect(await cluster.sql(name, `SELECT 1 FROM pg_namespace WHERE nspname = 'li"feboat'`)).toEqual([])
  const opening = open(name)
  await carrier.end()
  await (await opening).close()
})

test('a database that is not there is told as such', async () => {
  await expect(open('absent', undefined, 100)).rejects.toMatchObject({ code: 'DATABASE_NOT_FOUND' })
})

test("a schema with something else in it is refused, an empty one and an earlier catalog's are taken", async () => {
  const name = await newDatabase()
  await cluster.sql(
    name,
    `CREATE SCHEMA shop; CREATE TABLE shop.jobs (id int); CREATE TABLE shop.orders (id int);
     CREATE SCHEMA code; CREATE FUNCTION code.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
     CREATE SCHEMA types; CREATE TYPE types.mood AS ENUM ('glad'); CREATE SCHEMA "Empty"`,
  )
  for (const schema of ['shop', 'code', 'types'])
    await expect(open(name, schema)).rejects.toMatchObject({ code: 'CONFIG_INVALID', detail: { schema } })
  const catalog = await open(name, 'Empty')
  await catalog.configuration.write({ a: 1 }, change)
  await catalog.close()
  await cluster.sql(name, 'COMMENT ON SCHEMA "Empty" IS NULL')
  const again = await open(name, 'Empty')
  expect(await again.configuration.read()).toEqual({ a: 1 })
  await again.close()
  const comment = `SELECT obj_description('"Empty"'::regnamespace) AS comment`
  expect(await cluster.sql(name, comment)).toEqual([{ comment: bookkeepingComment }])
})

test('an audit event whose commit lost its answer is not appended again', async () => {
  const name = await newDatabase()
  const catalog = await open(name)
  const entry = { actor: 'u', address: null, action: 'a', subject: null, outcome: 'succeeded', detail: {} } as const
  let calls = 0
  const chain = ({ previous, seq }: { previous: string | null; seq: number }) => {
    calls++
    return { hash: `${previous}/${seq}`, chain: null, seal: null }
  }
  // The server commits and then ends the session, so that the answer to COMMIT is an error.
  const original = Client.prototype.query
  let cut = false
  Client.prototype.query = async function (this: Client, ...parameters: unknown[]) {
    const result = await Reflect.apply(original, this, parameters)
    if (parameters[0] !== 'commit' || cut) return result
    cut = true
    throw Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' })
  } as typeof original
  try {
    const event = await catalog.audit.append({ ...entry, at: 'now' }, chain)
    expect(event).toMatchObject({ seq: 1, hash: 'null/1' })
  } finally {
    Client.prototype.query = original
  }
  expect(cut).toBe(true)
  expect(calls).toBe(1)
  expect(await catalog.audit.read(0)).toHaveLength(1)
  await catalog.close()
})

test('a write outlives its sessions being ended and its database being away for a moment', async () => {
  const name = await newDatabase()
  const catalog = await open(name)
  await catalog.configuration.write({ a: 1 }, { by: 'u', at: 'now' })
  await cluster.sql(
    'postgres',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND pid <> pg_backend_pid()`,
  )
  await cluster.sql('postgres', `ALTER DATABASE ${name} RENAME TO ${name}_away`)
  const write = catalog.configuration.write({ a: 2 }, { by: 'u', at: 'now' })
  await new Promise((resolve) => setTimeout(resolve, 100))
  await cluster.sql('postgres', `ALTER DATABASE ${name}_away RENAME TO ${name}`)
  await write
  expect(await catalog.configuration.read()).toEqual({ a: 2 })
  await catalog.close()
})

/** Counts hints until told to stop. */
function countHints(catalog: Awaited<ReturnType<typeof open>>) {
  const seen = { hints: 0 }
  const hints = catalog.listen?.(() => seen.hints++)
  return { seen, stop: () => hints?.stop() }
}

const job = (id: string) => ({
  ...{ id, kind: 'backup', subject_id: null, database: 'default', writer: null, position: 1, input: {} },
  ...{ trigger: 'manual', created_by: 'u', created_at: '2026-01-01T00:00:00.000Z' },
})

test('a job is hinted at in other processes, but not in those of another catalog; a lost connection is opened again', async () => {
  const name = await newDatabase()
  const [asking, listening, other] = await Promise.all([open(name), open(name), open(name, 'other')])
  const heard = countHints(listening)
  const elsewhere = countHints(other)
  try {
    // One at the beginning, for what was asked for before.
    await expect.poll(() => [heard.seen.hints, elsewhere.seen.hints]).toEqual([1, 1])
    await asking.jobs.insert(job('t1'))
    await expect.poll(() => heard.seen.hints).toBe(2)
    await cluster.sql(
      'postgres',
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}' AND query LIKE 'LISTEN%'`,
    )
    await expect.poll(() => heard.seen.hints, { timeout: 30_000 }).toBe(3)
    await asking.jobs.insert(job('t2'))
    await expect.poll(() => heard.seen.hints).toBe(4)
    heard.stop()
    await asking.jobs.insert(job('t3'))
    expect([heard.seen.hints, elsewhere.seen.hints]).toEqual([4, 2])
  } finally {
    // Without waiting for those that still listen.
    await Promise.all([asking.close(), listening.close(), other.close()])
  }
})

test('a job asked for in one process begins in another one long before that looks by itself', async () => {
  const name = await newDatabase()
  const [asking, working] = await Promise.all([open(name), open(name)])
  const common = {
    clock: systemClock,
    sweepMs: 600_000,
    handlers: async () => ({ backup: { resumable: true, run: async () => ({}) } }),
  }
  const asker = createJobs({ ...common, catalog: asking, queue: createLocalQueue(), worker: 'asker' })
  const worker = createJobs({ ...common, catalog: working, queue: createLocalQueue(), worker: 'worker' })
  try {
    await worker.start()
    const request = { kind: 'backup', database: 'default', input: {}, trigger: 'manual', createdBy: 'u', writer: null }
    const { id } = await asker.add(request)
    await expect.poll(async () => (await asking.jobs.get(id))?.status, { timeout: 60_000 }).toBe('succeeded')
  } finally {
    await worker.stop()
    await Promise.all([asking.close(), working.close()])
  }
})
