import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compareWith, type MigrationVerdict } from '../../packages/core/src/migrations/compare.ts'
import type {
  ConformanceDatabase,
  ConformanceStep,
  InspectorKit,
} from '../../packages/core/src/migrations/conformance.ts'
import type { MigrationInspector } from '../../packages/core/src/migrations/inspector.ts'

/** For tests: steps of a history, by number; which are known when; and what is done at the end. */
interface History {
  first: number[]
  second: number[]
  known: number[]
  /** Place of the last one that is to stay; -1: none. */
  back: number
  forward: boolean
}

const subset = fc.subarray([1, 2, 3, 4, 5])
const history = fc.record<History>({
  first: subset,
  second: subset,
  known: subset,
  back: fc.integer({ min: -1, max: 4 }),
  forward: fc.boolean(),
})

/**
 * Lives of an application: a release migrates, another one does, then a third looks at the database. Its verdict has to
 * be that of a model that knows nothing of the tool; going forward or back ends exactly where it was to, or changes
 * nothing.
 */
export async function runRandomHistories(
  kit: InspectorKit,
  database: ConformanceDatabase,
  { runs, seed }: { runs: number; seed: number },
): Promise<void> {
  const seen = new Set<MigrationVerdict>()
  await fc.assert(
    fc.asyncProperty(history, async (one) => {
      await database.query('DROP SCHEMA IF EXISTS drizzle CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public')
      seen.add(await live(kit, database, one))
    }),
    { numRuns: runs, seed },
  )
  if (runs >= 50) assert.ok(seen.size >= 4, `only ${[...seen].join()}`)
}

async function live(kit: InspectorKit, database: ConformanceDatabase, one: History): Promise<MigrationVerdict> {
  const applied: number[] = []
  for (const release of [one.first, one.second]) {
    const inspector = await kit.inspector(release.map(step))
    if ((await verdictOf(inspector, database)) !== 'behind') continue
    await inspector.migrate?.(runOn(database))
    applied.push(...release.filter((number) => !applied.includes(number)))
  }
  const inspector = await kit.inspector(one.known.map(step))
  const before = await ledger(inspector, database)
  assert.deepEqual([...before].sort(), applied.map(kit.idOf).sort())
  const expected = model(before, one.known.map(kit.idOf), inspector.order ?? 'strict')
  assert.equal(await verdictOf(inspector, database), expected)

  if (one.forward) {
    if (expected !== 'behind') return expected
    await inspector.migrate?.(runOn(database))
    assert.deepEqual((await ledger(inspector, database)).sort(), one.known.map(kit.idOf).sort())
    assert.deepEqual(await tables(database), one.known)
  } else if (inspector.rollback) {
    const to = before[one.back] ?? null
    const wanted = to === null ? [] : before.slice(0, one.back + 1)
    const outcome = await inspector.rollback({ ...runOn(database), to }).then(
      () => wanted,
      () => before,
    )
    if (before.some((id) => !one.known.map(kit.idOf).includes(id))) assert.deepEqual(outcome, before)
    if (expected === 'same' || expected === 'behind') assert.deepEqual(outcome, wanted)
    assert.deepEqual(await ledger(inspector, database), outcome)
    assert.deepEqual((await tables(database)).map(kit.idOf).sort(), [...outcome].sort())
  }
  return expected
}

/** Prefixes of lists where order counts, inclusion of sets where it does not. */
function model(applied: string[], known: string[], order: 'strict' | 'any'): MigrationVerdict {
  if (known.length === 0 && applied.length > 0) return 'unknown'
  const within = (few: string[], many: string[]) => few.every((id) => many.includes(id))
  if (within(applied, known) && within(known, applied)) return 'same'
  const begins = (few: string[], many: string[]) => few.join() === many.slice(0, few.length).join()
  const partOf = order === 'strict' ? begins : within
  if (partOf(applied, known)) return 'behind'
  return partOf(known, applied) ? 'ahead' : 'diverged'
}

const step = (number: number): ConformanceStep => ({
  number,
  up: `CREATE TABLE public.t${number} (id int)`,
  down: `DROP TABLE public.t${number}`,
})

const runOn = ({ url }: ConformanceDatabase) => ({
  databaseUrl: url,
  signal: new AbortController().signal,
  log: () => {},
})

async function verdictOf(inspector: MigrationInspector, { query }: ConformanceDatabase): Promise<MigrationVerdict> {
  return compareWith(inspector, await inspector.applied(query), await inspector.known()).verdict
}

async function ledger(inspector: MigrationInspector, { query }: ConformanceDatabase): Promise<string[]> {
  return ((await inspector.applied(query)) ?? []).map(({ id }) => id)
}

async function tables({ query }: ConformanceDatabase): Promise<number[]> {
  const rows = await query<{ number: number }>(
    `SELECT substr(tablename, 2)::int AS number FROM pg_catalog.pg_tables WHERE tablename ~ '^t\\d$' ORDER BY 1`,
  )
  return rows.map(({ number }) => number)
}
