import assert from 'node:assert/strict'
import { isEngineError } from '../errors.ts'
import type { Query } from '../postgres/query.ts'
import { compareWith, type MigrationVerdict } from './compare.ts'
import type { MigrationInspector } from './inspector.ts'

/** One migration of a history that a kit makes for its tool. */
export interface ConformanceStep {
  /** Its place in the order of the tool: steps with higher numbers come later. */
  number: number
  up: string
  /** Null: it has no way back. */
  down: string | null
}

/** What a tool's tests give the suite. */
export interface InspectorKit {
  /**
   * An inspector whose code knows these steps, in files or modules of its own; the same step always has the same id.
   * `elsewhere`: with another table in another schema, which is there.
   */
  inspector(
    steps: readonly ConformanceStep[],
    options?: { elsewhere?: { schema: string; table: string } },
  ): Promise<MigrationInspector>
  /** The id that the tool gives a step. */
  idOf(step: number): string
  /** False for tools that run all or nothing. */
  migratesTo?: boolean
  /** False where a migration without a down step cannot be written, or is known only once it runs. */
  knowsOneWay?: boolean
  /** False where the tool's own order makes a gap filled later look reordered. */
  fillsGaps?: boolean
  /** Another table in another schema; default: names that have to be quoted. */
  elsewhere?: { schema: string; table: string }
  /** True where a program migrates: what it was doing on the server when it was killed ends with the copy. */
  byCommand?: boolean
  /** SQL that leaves the lock of a crashed run behind. */
  leaveLock?: string
  /** SQL that puts so many rows into the ledger of a migrated database. */
  fillLedger?(rows: number): string
}

/** An empty database. */
export interface ConformanceDatabase {
  url: string
  query: Query
  /** A copy under another name, as it is now. */
  copy(): Promise<ConformanceDatabase>
}

/** One thing an inspector must do. `run` gets an empty database of its own and throws where it fails. */
export interface InspectorCheck {
  name: string
  run(kit: InspectorKit, database: ConformanceDatabase): Promise<void>
}

/**
 * What every inspector must pass; the contract is in inspector.ts. Free of any test framework:
 *
 * ```ts
 * for (const { name, run } of inspectorConformance) test(name, async () => run(kit, await freshDatabase()))
 * ```
 */
export const inspectorConformance: readonly InspectorCheck[] = [
  check('looking at an empty database makes nothing in it', async (kit, database) => {
    const inspector = await kit.inspector(steps(1, 2))
    const before = await objectsIn(database)
    assert.deepEqual(await inspector.applied(database.query), [])
    assert.deepEqual(await idsOf(inspector.known()), [kit.idOf(1), kit.idOf(2)])
    assert.deepEqual(await objectsIn(database), before)
    assert.equal(await verdict(inspector, database), 'behind')
    assert.ok(inspector.ledgerTables.length > 0)
  }),

  check('migrations run in order, and the ledger says which', async (kit, database) => {
    const inspector = await kit.inspector(steps(1, 2, 3))
    await migrate(inspector, database)
    assert.equal(await verdict(inspector, database), 'same')
    assert.deepEqual(await idsOf(inspector.applied(database.query)), [1, 2, 3].map(kit.idOf))
    assert.deepEqual(await tables(database), ['t1', 't2', 't3'])
    await migrate(inspector, database)
    assert.equal(await verdict(inspector, database), 'same')
  }),

  check('behind: what is missing runs, and nothing else', async (kit, database) => {
    await migrate(await kit.inspector(steps(1)), database)
    const inspector = await kit.inspector(steps(1, 2, 3))
    assert.equal(await verdict(inspector, database), 'behind')
    await migrate(inspector, database)
    assert.equal(await verdict(inspector, database), 'same')
  }),

  check('up to a migration and including it', async (kit, database) => {
    if (kit.migratesTo === false) return
    const inspector = await kit.inspector(steps(1, 2, 3))
    await inspector.migrate?.({ ...runOn(database), to: kit.idOf(2) })
    assert.deepEqual(await tables(database), ['t1', 't2'])
    await assert.rejects(async () => inspector.migrate?.({ ...runOn(database), to: 'no such migration' }))
    assert.deepEqual(await tables(database), ['t1', 't2'])
  }),

  check(
    'ahead and diverged are seen, and another application is not taken for an old release',
    async (kit, database) => {
      await migrate(await kit.inspector(steps(1, 2)), database)
      assert.equal(await verdict(await kit.inspector(steps(1)), database), 'ahead')
      assert.equal(await verdict(await kit.inspector(steps(1, 3)), database), 'diverged')
      assert.equal(await verdict(await kit.inspector(steps(7, 8)), database), 'diverged')
      assert.equal(await verdict(await kit.inspector([]), database), 'unknown')
    },
  ),

  check('a migration that was retired does not make a database ahead', async (kit, database) => {
    await migrate(await kit.inspector(steps(1, 2)), database)
    const retired = { ...pick(await kit.inspector(steps(2))), retired: [kit.idOf(1)] }
    assert.equal(compareWith(retired, await retired.applied(database.query), await retired.known()).verdict, 'same')
  }),

  check('a gap is what the order of the tool makes of it', async (kit, database) => {
    await migrate(await kit.inspector(steps(1, 3)), database)
    const inspector = await kit.inspector(steps(1, 2, 3))
    const expected = (inspector.order ?? 'strict') === 'any' ? 'behind' : 'diverged'
    assert.equal(await verdict(inspector, database), expected)
    if (expected !== 'behind' || kit.fillsGaps === false) return
    await migrate(inspector, database)
    assert.equal(await verdict(inspector, database), 'same')
  }),

  check('a migration that fails is MIGRATION_FAILED, and the verdict is not "same"', async (kit, database) => {
    const broken = { number: 2, up: 'ALTER TABLE nowhere ADD x int', down: 'SELECT 1' }
    const inspector = await kit.inspector([...steps(1), broken])
    const before = (await sessions(database)).map(({ pid }) => pid)
    await assert.rejects(
      async () => migrate(inspector, database),
      (error) => isEngineError(error, 'MIGRATION_FAILED') && /nowhere/.test(error.message),
    )
    assert.notEqual(await verdict(inspector, database), 'same')
    await within('no session stays', async () => (await sessions(database)).every(({ pid }) => before.includes(pid)))
  }),

  check('back to a migration, which stays, and to none', async (kit, database) => {
    const inspector = await kit.inspector(steps(1, 2, 3))
    if (!inspector.rollback) return
    await migrate(inspector, database)
    await inspector.rollback({ ...runOn(database), to: kit.idOf(1) })
    assert.deepEqual(await tables(database), ['t1'])
    assert.deepEqual(await idsOf(inspector.applied(database.query)), [kit.idOf(1)])
    await inspector.rollback({ ...runOn(database), to: null })
    assert.deepEqual(await tables(database), [])
    assert.deepEqual(await inspector.applied(database.query), [])
  }),

  check('nothing goes back where something is unknown, has no way back, or is not there', async (kit, database) => {
    const inspector = await kit.inspector(steps(1, 2, 3))
    if (!inspector.rollback) return
    await migrate(inspector, database)
    const older = await kit.inspector(steps(1, 2))
    await refuses(async () => older.rollback?.({ ...runOn(database), to: kit.idOf(1) }))
    await refuses(async () => inspector.rollback?.({ ...runOn(database), to: 'no such migration' }))
    if (kit.knowsOneWay !== false) {
      const oneWay = await kit.inspector([...steps(1), { ...step(2), down: null }, step(3)])
      await refuses(async () => oneWay.rollback?.({ ...runOn(database), to: null }))
    }
    assert.deepEqual(await tables(database), ['t1', 't2', 't3'])
    assert.deepEqual(await idsOf(inspector.applied(database.query)), [1, 2, 3].map(kit.idOf))
  }),

  check('another table in another schema', async (kit, database) => {
    const elsewhere = kit.elsewhere ?? { schema: 'Ops "x"', table: `his'tory` }
    await database.query(`CREATE SCHEMA "${elsewhere.schema.replaceAll('"', '""')}"`)
    const inspector = await kit.inspector(steps(1, 2), { elsewhere })
    assert.deepEqual(await inspector.applied(database.query), [])
    await migrate(inspector, database)
    assert.equal(await verdict(inspector, database), 'same')
    assert.equal(inspector.ledgerTables[0], `${elsewhere.schema}.${elsewhere.table}`)
    assert.deepEqual(await idsOf((await kit.inspector(steps(1, 2))).applied(database.query)), [])
  }),

  check('a copy under another name is migrated, and what it was copied from is left alone', async (kit, database) => {
    await migrate(await kit.inspector(steps(1)), database)
    const copy = await database.copy()
    const inspector = await kit.inspector(steps(1, 2))
    await migrate(inspector, copy)
    assert.equal(await verdict(inspector, copy), 'same')
    assert.equal(await verdict(inspector, database), 'behind')
    assert.deepEqual(await tables(database), ['t1'])
  }),

  check('a lock that a crashed run left is cleared on the copy', async (kit, database) => {
    if (kit.leaveLock === undefined) return
    await migrate(await kit.inspector(steps(1)), database)
    await database.query(kit.leaveLock)
    const inspector = await kit.inspector(steps(1, 2))
    await assert.rejects(async () => migrate(inspector, database))
    assert.equal((await inspector.clearLocks?.(database.query))?.length, 1)
    assert.equal((await inspector.clearLocks?.(database.query))?.length, 0)
    await migrate(inspector, database)
    assert.equal(await verdict(inspector, database), 'same')
  }),

  check('an abort ends the statement on the server, and no session stays', async (kit, database) => {
    const inspector = await kit.inspector([{ number: 1, up: 'SELECT pg_sleep(600)', down: 'SELECT 1' }])
    const before = await sessions(database)
    const since = async () => (await sessions(database)).filter(({ pid }) => before.every((one) => one.pid !== pid))
    const controller = new AbortController()
    const working = Promise.resolve(inspector.migrate?.({ ...runOn(database), signal: controller.signal }))
    const ended = assert.rejects(working, (error) => isEngineError(error, 'ABORTED'))
    await within('the migration runs', async () => (await since()).some(({ sql }) => sql.includes('pg_sleep')))
    controller.abort()
    await ended
    if (!kit.byCommand) await within('its session is gone', async () => (await since()).length === 0)
    const aborted = { ...runOn(database), signal: AbortSignal.abort() }
    await assert.rejects(
      async () => inspector.migrate?.(aborted),
      (error) => isEngineError(error, 'ABORTED'),
    )
  }),

  check('a ledger of ten thousand rows is read whole', async (kit, database) => {
    if (kit.fillLedger === undefined) return
    const inspector = await kit.inspector(steps(1))
    await migrate(inspector, database)
    await database.query(kit.fillLedger(10_000))
    assert.equal((await inspector.applied(database.query))?.length, 10_001)
  }),
]

function check(name: string, run: InspectorCheck['run']): InspectorCheck {
  return { name, run }
}

const step = (number: number): ConformanceStep => ({
  number,
  up: `CREATE TABLE public.t${number} (id int)`,
  down: `DROP TABLE public.t${number}`,
})
const steps = (...numbers: number[]) => numbers.map(step)

const runOn = ({ url }: ConformanceDatabase) => ({
  databaseUrl: url,
  signal: new AbortController().signal,
  log: () => {},
})

async function migrate(inspector: MigrationInspector, database: ConformanceDatabase): Promise<void> {
  assert.ok(inspector.migrate, 'the inspector migrates')
  await inspector.migrate(runOn(database))
}

async function verdict(inspector: MigrationInspector, { query }: ConformanceDatabase): Promise<MigrationVerdict> {
  return compareWith(inspector, await inspector.applied(query), await inspector.known()).verdict
}

async function idsOf(migrations: Promise<{ id: string }[] | null>): Promise<string[]> {
  return ((await migrations) ?? []).map(({ id }) => id)
}

/** A getter for `order` has to survive. */
function pick(inspector: MigrationInspector) {
  const { order, applied, known } = inspector
  return { order, applied, known }
}

async function tables({ query }: ConformanceDatabase): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `SELECT tablename::text AS name FROM pg_catalog.pg_tables WHERE schemaname = 'public' AND tablename ~ '^t\\d$' ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}

async function objectsIn({ query }: ConformanceDatabase): Promise<unknown[]> {
  return query(
    `SELECT nspname::text, relname::text FROM pg_catalog.pg_namespace n LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid
     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1, 2`,
  )
}

/** All but the one that asks: a kit may have some of its own. */
async function sessions({ query }: ConformanceDatabase): Promise<{ pid: number; sql: string }[]> {
  return query(
    `SELECT pid, query AS sql FROM pg_catalog.pg_stat_activity
     WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
  )
}

/** @throws AssertionError where it does not become so within half a minute. */
async function within(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (await isSo()) return
    await soon()
  }
  assert.fail(`${what}: not within 30 seconds`)
}

async function refuses(work: () => Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => isEngineError(error, 'MIGRATION_FAILED') || assert.fail(String(error)))
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 30))
