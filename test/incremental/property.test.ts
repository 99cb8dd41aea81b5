import { afterAll, beforeAll, expect, test } from 'vitest'
import { isEngineError } from '../../packages/core/src/errors.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { randomFrom } from '../faults/random.ts'
import { postgresPrograms } from '../servers/postgres-versions.ts'
import { type Compared, compareWith, type Reading, type Weakening } from './reading.ts'
import { kindsOfChange, startWorkload } from './workload.ts'

/**
 * `SEEDS=2000 npx vitest run test/incremental/property`; each seed is about eight backups of a small database.
 * `POSTGRES_MAJOR=18` runs them on another version.
 */
const seeds = Number(process.env.SEEDS ?? (process.env.LIFEBOAT_LONG === '1' ? 2000 : 25))
const firstSeed = Number(process.env.FIRST_SEED ?? 1)

let cluster: TemporaryCluster
beforeAll(async () => {
  const programs = await postgresPrograms(Number(process.env.POSTGRES_MAJOR ?? 15) as 15)
  if ('unavailable' in programs && process.env.POSTGRES_MAJOR) throw new Error(programs.unavailable)
  cluster = await startTemporaryCluster('server' in programs ? { binDirectory: programs.server } : {})
  await cluster.createDatabase('random')
})
afterAll(() => cluster?.stop())

const succeeded = new Map<string, number>()

/** When writers go on: before the locks, between them and the snapshot, right after it, before rows are compared, after. */
const gaps = ['listed', 'begun', 'locked', 'exported', 'checked', 'compared', 'read'] as const

async function runSeed(seed: number, weakening: Weakening) {
  const random = randomFrom(seed)
  const url = cluster.socketUrl('random')
  const workload = await startWorkload(url, random)
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
  const total = { backups: 0, gaveWay: 0, unchanged: 0, changed: 0 }
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const found = await runSeed(seed, 'none')
    expect(found.wrong).toEqual([])
    expect(found.refused).toEqual([])
    total.backups += found.backups
    total.gaveWay += found.gaveWay
    total.unchanged += found.unchanged
    total.changed += found.changed
    if (process.env.SEEDS && ((seed - firstSeed) % 50 === 49 || seed === firstSeed + seeds - 1))
      console.log(JSON.stringify({ seeds: seed - firstSeed + 1, ...total, succeeded: Object.fromEntries(succeeded) }))
  }
  // A test that takes nothing over proves nothing.
  expect(total.unchanged).toBeGreaterThan(20 * seeds)
  expect(total.changed).toBeGreaterThan(20 * seeds)
  if (seeds >= 200) expect(kindsOfChange(cluster.majorVersion).filter((kind) => !succeeded.has(kind))).toEqual([])
})

test.each(['xmax for xmin', 'no count', 'no fresh'] as const)(
  'the same test notices a weaker rule: %s',
  async (weakening) => {
    let wrong = 0
    for (let seed = 1; seed <= 30 && wrong === 0; seed++) wrong += (await runSeed(seed, weakening)).wrong.length
    expect(wrong).toBeGreaterThan(0)
  },
)
