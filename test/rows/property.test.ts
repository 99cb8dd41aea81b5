import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBackup, testContext, testOptions } from '../../packages/core/src/backup/backup-fixture.ts'
import { runBackup } from '../../packages/core/src/backup/run-backup.ts'
import { isEngineError } from '../../packages/core/src/errors.ts'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { copyOut } from '../../packages/core/src/postgres/copy-out.ts'
import { openSession } from '../../packages/core/src/postgres/session.ts'
import type { CompareOptions } from '../../packages/core/src/rows/compare-rows.ts'
import { queryBackup } from '../../packages/core/src/rows/query-backup.ts'
import { defaultRewindOptions } from '../../packages/core/src/rows/rewind/options.ts'
import { planRewind } from '../../packages/core/src/rows/rewind/plan-rewind.ts'
import { runRewind } from '../../packages/core/src/rows/rewind/run-rewind.ts'
import { undoRewind } from '../../packages/core/src/rows/rewind/undo-rewind.ts'
import type { TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { randomFrom } from '../faults/random.ts'
import { fewer, isLong, some } from '../runner/counts.ts'
import { startClusterOfVersion } from './cluster-of-version.ts'
import { schema, startRowWorkload, tables } from './workload.ts'

/** `ROUNDS=1000 npx vitest run test/rows/property`; `POSTGRES_MAJOR=18` runs them on another version. */
const rounds = Number(process.env.ROUNDS ?? fewer(100, 1000))
const firstSeed = Number(process.env.FIRST_SEED ?? 1)
/** Workloads and rewinds after each backup: a rewind makes the database what it was, so the next can begin. */
const perBackup = 5
const lanes = Number(process.env.LANES ?? 2)

let cluster: TemporaryCluster
/** Folder with pg_dump of that version. */
let clientTools: string | undefined
beforeAll(async () => {
  ;({ cluster, clientTools } = await startClusterOfVersion())
})
afterAll(() => cluster?.stop())

interface Found {
  rounds: number
  rows: number
  /** Tables that were looked at as `was.t` before the rewind. */
  views: number
  stopped: string[]
  wrong: string[]
}

async function runSeed(
  seed: number,
  lane: number,
  options: { compare?: CompareOptions; undo?: boolean } = {},
): Promise<Found> {
  const random = randomFrom(seed)
  const name = `rows_${lane}`
  const owner = seed % 2 === 0 ? 'plain' : undefined
  await cluster.createDatabase(name, owner ? { owner } : {})
  await cluster.sql(name, owner ? `GRANT CREATE ON SCHEMA public TO plain; SET ROLE plain; ${schema}` : schema)
  const url = owner ? cluster.url(name, { name: owner, password: 'x' }) : cluster.url(name)
  const context = await testContext(url, { resources: { segmentBlocks: 2 }, clientTools })
  const workload = await startRowWorkload(url, random, lane)
  const found: Found = { rounds: 0, rows: 0, views: 0, stopped: [], wrong: [] }
  try {
    await workload.round(true)
    await workload.begin()
    // Writers go on across the moment of the snapshot.
    const [{ manifest }] = await Promise.all([
      runBackup(context, testOptions()),
      workload.round(true),
      workload.finish(true),
    ])
    const before = await backedUp(context.repository, manifest)
    const triggers = await triggerStates(name)
    for (let round = 1; round <= perBackup; round++) {
      await workload.begin()
      await workload.round(options.compare !== undefined)
      await workload.finish()
      const after = options.undo ? await contents(url) : null
      const where = `seed ${seed}, round ${round}`
      try {
        const rewind = { ...defaultRewindOptions, safetyBackup: false, backupId: manifest.id }
        const asked = options.undo && (round === 1 || isLong) ? await viewsOf(context, manifest.id) : null
        const plan = await planRewind(context, rewind, options.compare)
        const result = await runRewind(context, plan, { compare: options.compare })
        found.rows += result.putBack + result.takenOut
        if (asked) compareViews(found, where, asked, await textsOf(url))
        if (after && result.tables.length > 0 && random() < 0.3) {
          await undoRewind(context, result.rewindId)
          compare(found, `${where}, undone`, after, await contents(url))
          await runRewind(context, await planRewind(context, rewind))
        }
      } catch (error) {
        if (!isEngineError(error)) throw error
        found.stopped.push(`${where}: ${error.code} ${error.message}`)
        break
      }
      found.rounds += 1
      compare(found, where, before, await contents(url))
      if (JSON.stringify(await triggerStates(name)) !== JSON.stringify(triggers)) found.wrong.push(`${where}: triggers`)
      const broken = await brokenConstraints(name)
      if (broken) found.wrong.push(`${where}: ${broken}`)
    }
  } finally {
    await workload.end()
  }
  return found
}

function compare(found: Found, where: string, before: Map<string, string>, now: Map<string, string>): void {
  for (const table of tables) if (before.get(table) !== now.get(table)) found.wrong.push(`${where}: ${table}`)
}

/** Every row of every table of a schema as text, with its table before it. */
const allRows = (schema: string) =>
  tables
    .map((table) => {
      const row = table === 'item' ? 'ROW(t.id, t.list, t.pos, t.v)' : 't'
      return `SELECT '${table} ' || ${row}::text AS row FROM ${schema}${table} t`
    })
    .join(' UNION ALL ')

/** What the views of a backup hold: of tables that changed since, as of the backup. */
async function viewsOf(context: Parameters<typeof queryBackup>[0], backupId: string): Promise<string[]> {
  const { rows, more } = await queryBackup(context, { backupId, sql: allRows('was.'), limit: 1e6 })
  if (more) throw new Error('Not all rows of the views were read.')
  return rows.map(([row]) => row as string).sort()
}

async function textsOf(url: string): Promise<string[]> {
  const session = await openSession(resolveConnection(url), { application: 'test' })
  const rows = await session.query<{ row: string }>(allRows('public.'))
  await session.close()
  return rows.map(({ row }) => row).sort()
}

function compareViews(found: Found, where: string, asked: string[], now: string[]): void {
  const [before, after] = [byTable(asked), byTable(now)]
  for (const table of tables) {
    found.views += 1
    if (before.get(table) !== after.get(table)) found.wrong.push(`${where}: was.${table}`)
  }
}

function byTable(rows: readonly string[]): Map<string, string> {
  const found = new Map<string, string>()
  for (const row of rows) {
    const table = row.slice(0, row.indexOf(' '))
    found.set(table, `${found.get(table) ?? ''}${row}\n`)
  }
  return found
}

/** The rows of each table, in any order. */
const inOrder = (rows: Buffer) => rows.toString().split('\n').sort().join('\n')

async function backedUp(repository: Parameters<typeof openBackup>[0], manifest: Parameters<typeof openBackup>[1]) {
  const backup = await openBackup(repository, manifest)
  const rows = new Map<string, string>()
  for (const table of tables) rows.set(table, inOrder(await backup.rows(`public.${table}`)))
  return rows
}

async function contents(url: string): Promise<Map<string, string>> {
  const session = await openSession(resolveConnection(url), { application: 'test' })
  const rows = new Map<string, string>()
  for (const table of tables) {
    const pieces: Buffer[] = []
    const columns = table === 'item' ? 'id, list, pos, v' : '*'
    await copyOut(session, `COPY (SELECT ${columns} FROM ONLY public.${table}) TO STDOUT`, (bytes) =>
      pieces.push(Buffer.from(bytes)),
    )
    rows.set(table, inOrder(Buffer.concat(pieces)))
  }
  await session.close()
  return rows
}

const triggerStates = (database: string) =>
  cluster.sql(
    database,
    `SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2`,
  )

/** Makes every constraint and index anew, in a transaction that is rolled back: each row must pass. */
async function brokenConstraints(database: string): Promise<string | null> {
  const foreignKeys = await cluster.sql<{ owner: string; name: string; definition: string; comment: string | null }>(
    database,
    `SELECT conrelid::regclass::text AS owner, conname AS name, pg_get_constraintdef(oid) AS definition,
       obj_description(oid) AS comment FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 ORDER BY 1, 2`,
  )
  if (foreignKeys.length !== 4) return `${foreignKeys.length} foreign keys`
  if (!foreignKeys.some(({ comment }) => comment === 'who leads')) return 'a comment is gone'
  const anew = foreignKeys.map(
    ({ owner, name, definition }) =>
      `ALTER TABLE ${owner} DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name} ${definition}`,
  )
  try {
    await cluster.sql(database, `BEGIN; ${anew.join('; ')}; ROLLBACK`)
    await cluster.sql(database, 'REINDEX SCHEMA public')
    return null
  } catch (error) {
    return (error as Error).message
  }
}

test(`${rounds} random workloads: after a rewind every table is what the backup has, as superuser and as plain owner`, {
  timeout: 6 * 3_600_000,
}, async () => {
  const total: Found = { rounds: 0, rows: 0, views: 0, stopped: [], wrong: [] }
  await sideBySide(Math.ceil(rounds / perBackup), async (seed, lane) => {
    const found = await runSeed(seed, lane, { undo: true })
    total.rounds += found.rounds
    total.rows += found.rows
    total.views += found.views
    total.stopped.push(...found.stopped)
    total.wrong.push(...found.wrong)
    if (process.env.ROUNDS) console.log(JSON.stringify(total))
    return total.wrong.length + total.stopped.length === 0
  })
  expect(total.wrong).toEqual([])
  expect(total.stopped).toEqual([])
  expect(total.rounds).toBeGreaterThanOrEqual(rounds)
  // A test that takes nothing back proves nothing.
  expect(total.rows).toBeGreaterThan(20 * rounds)
  expect(total.views).toBeGreaterThanOrEqual(fewer(2, 10) * rounds)
})

const weaker = [
  ['xmax for xmin', true],
  ['no tail', false],
  ['no count', false],
] as const
test.each(some(weaker, 1))(
  'a weaker rule fails, and is stopped before anything is changed: %s',
  async (weakening, everySegment) => {
    const total: Found = { rounds: 0, rows: 0, views: 0, stopped: [], wrong: [] }
    await sideBySide(200, async (seed, lane) => {
      const found = await runSeed(seed, lane, { compare: { weakening, everySegment } })
      total.stopped.push(...found.stopped)
      total.wrong.push(...found.wrong)
      return total.stopped.length < fewer(1, 3)
    })
    expect(total.wrong).toEqual([])
    expect(total.stopped.length).toBeGreaterThan(0)
    for (const stop of total.stopped) expect(stop).toMatch(/HISTORY_DIFFERS|ROW_COUNT_MISMATCH|UNIQUE_TAKEN/)
  },
)

/** Hands out seeds to the lanes, until there are no more or one says that it is enough. */
async function sideBySide(count: number, run: (seed: number, lane: number) => Promise<boolean>): Promise<void> {
  let [next, going] = [firstSeed, true]
  const live = async (lane: number) => {
    while (going && next < firstSeed + count)
      going =
        (await run(next++, lane).catch((error: unknown) => {
          going = false
          throw error
        })) && going
  }
  const ended = await Promise.allSettled(Array.from({ length: lanes }, (_, index) => live(index + 1)))
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}
