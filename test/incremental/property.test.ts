import { afterAll, beforeAll, expect, test } from 'vitest'
import { isEngineError } from '../../packages/core/src/errors.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { randomFrom } from '../faults/random.ts'
import { fewer, some } from '../runner/counts.ts'
import { postgresPrograms } from '../servers/postgres-versions.ts'
import { type Compared, compareWith, type Reading, type Weakening } from './reading.ts'
import { kindsOfChange, startWorkload } from './workload.ts'

/**
 * Each mutant of the rule that the tests below know is found within five histories: eight are run for every change, and
 * two thousand by `npm run test:long`.
 *
 * `SEEDS=2000 npx vitest run test/incremental/property`; each seed is about eight backups of a small database.
 * `POSTGRES_MAJOR=18` runs them on another version.
 */
const seeds = Number(process.env.SEEDS ?? fewer(8, 2000))
const firstSeed = Number(process.env.FIRST_SEED ?? 1)
/**
 * Histories side by side, each in a database of its own: most of the time one waits. What others do to the cluster's
 * transaction ids and log is what a backup meets in life.
 */
const lanes = Number(process.env.LANES ?? 4)

let cluster: TemporaryCluster
beforeAll(async () => {
  const programs = await postgresPrograms(Number(process.env.POSTGRES_MAJOR ?? 15) as 15)
  if ('unavailable' in programs && process.env.POSTGRES_MAJOR) throw new Error(programs.unavailable)
  cluster = await startTemporaryCluster({
    ...('server' in programs ? { binDirectory: programs.server } : {}),
    // Some forty connections a history: without working out each time that the password is right.
    initdbArguments: ['--auth-local=trust'],
  })
  for (let lane = 1; lane <= lanes; lane++) await cluster.createDatabase(`random_${lane}`)
})
afterAll(() => cluster?.stop())

const succeeded = new Map<string, number>()

/** When writers go on: before the locks, between them and the snapshot, right after it, before rows are compared, after. */
const gaps = ['listed', 'begun', 'locked', 'exported', 'checked', 'compared', 'read'] as const

async function runSeed(seed: number, weakening: Weakening, lane = 1) {
  const random = randomFrom(seed)
  const url = cluster.socketUrl(`random_${lane}`)
  const workload = await startWorkload(url, random, lane)
  const found = { backups: 0, gaveWay: 0, unchanged: 0, changed: 0, wrong: [] as string[], refused: [] as string[] }
  try {
    let newest: Reading | null = null
    let full: Reading | null = null
    for (let round = 0; round < 8; round++) {
      // Differential now and then.
      const base: Reading | null = random() < 0.25 ? full : newest
      // Writers do not wait for backups: often they go on across the moment of the snapshot, in any of its gaps.
      const gap = random() < 0.4 ? gaps[Math.floor(random() * gaps.length)] : undefined
      const goOn = async (step: (typeof gaps)[number]) => {
        if (step === gap && !wentOn) {
          wentOn = true
          await workload.round()
        }
      }
      let wentOn = false
      const compared: Compared | null = await compareWith(url, base, {
        weakening,
        onStep: goOn,
        underSnapshot: () => goOn('compared'),
        afterReading: () => goOn('read'),
      }).catch((error: unknown) => {
        if (isEngineError(error, 'DATABASE_CHANGED')) return null
        throw error
      })
      if (compared === null) {
        found.gaveWay += 1
        continue
      }
      newest = compared.reading
      full ??= compared.reading
      found.backups += 1
      found.unchanged += compared.unchanged
      found.changed += compared.changed
      found.wrong.push(...compared.wrong.map((where) => `seed ${seed}, round ${round}: ${where}`))
      if (base && compared.refused) found.refused.push(compared.refused)
      await workload.round()
    }
  } finally {
    await workload.end()
    for (const [kind, times] of workload.succeeded) succeeded.set(kind, (succeeded.get(kind) ?? 0) + times)
  }
  return found
}

test(`${seeds} random histories: an incremental backup is what a full one of the same snapshot is`, {
  timeout: 6 * 3_600_000,
}, async () => {
  const total = { backups: 0, gaveWay: 0, unchanged: 0, changed: 0, wrong: [] as string[], refused: [] as string[] }
  let done = 0
  await sideBySide(seeds, async (seed, lane) => {
    const found = await runSeed(seed, 'none', lane)
    total.backups += found.backups
    total.gaveWay += found.gaveWay
    total.unchanged += found.unchanged
    total.changed += found.changed
    total.wrong.push(...found.wrong)
    total.refused.push(...found.refused)
    if (process.env.SEEDS && (++done % 50 === 0 || done === seeds))
      console.log(JSON.stringify({ seeds: done, ...total, succeeded: Object.fromEntries(succeeded) }))
    return total.wrong.length + total.refused.length === 0
  })
  expect(total.wrong).toEqual([])
  expect(total.refused).toEqual([])
  // A test that takes nothing over proves nothing.
  expect(total.unchanged).toBeGreaterThan(20 * seeds)
  expect(total.changed).toBeGreaterThan(20 * seeds)
  const kinds = kindsOfChange(cluster.majorVersion)
  const missing = kinds.filter((kind) => !succeeded.has(kind))
  // Each of some eighty kinds comes once in every few histories.
  expect(missing.length, missing.join(', ')).toBeLessThan(
    seeds >= 200 ? 1 : seeds >= 40 ? kinds.length / 4 : kinds.length / 2,
  )
})

test.each(some(['xmax for xmin', 'no count', 'no fresh'] as const, 1))(
  'the same test notices a weaker rule: %s',
  async (weakening) => {
    let wrong = 0
    // It ends with the first that is wrong; which one depends on what the histories side by side do to each other.
    await sideBySide(400, async (seed, lane) => {
      const found = await runSeed(seed, weakening, lane)
      wrong += found.wrong.length
      return wrong === 0
    })
    expect(wrong).toBeGreaterThan(0)
  },
)

/** Hands out seeds to the lanes, until there are no more or one says that it is enough. */
async function sideBySide(count: number, run: (seed: number, lane: number) => Promise<boolean>): Promise<void> {
  let [next, going] = [firstSeed, true]
  const live = async (lane: number) => {
    try {
      while (going && next < firstSeed + count) going = (await run(next++, lane)) && going
    } catch (error) {
      going = false
      throw error
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: lanes }, (_, index) => live(index + 1)))
  for (const one of ended) if (one.status === 'rejected') throw one.reason
}
