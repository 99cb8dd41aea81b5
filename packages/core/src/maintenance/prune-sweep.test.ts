import { expect, test } from 'vitest'
import { listPacks } from '../repository/index/load-index.ts'
import { createFaultyStorage, type FaultPlan } from '../testing/faulty-storage.ts'
import { createTimedStorage, type TimedStorage } from '../testing/timed-storage.ts'
import { checkRepository } from './check.ts'
import { forgetBackup } from './forget.ts'
import { type PruneOptions, prune } from './prune.ts'
import {
  addSampleBackup,
  beginSampleBackup,
  initSampleRepository,
  openSampleRepository,
  readSampleBackups,
  sampleRows,
} from './sample-backups.ts'

const hour = 3_600_000
const options: PruneOptions = { packBytes: 1_500, repackUnusedShare: 0.2, leaseMs: 20_000 }
type Backups = Record<string, Record<string, Buffer>>

/** A repository in which the next prune has everything to do, and what its backups hold. */
async function neglected(): Promise<{ storage: TimedStorage; backups: Backups }> {
  const storage = createTimedStorage()
  const repository = await initSampleRepository(storage)
  const shared = sampleRows(500)
  const rescued = sampleRows(700)
  const forgotten = [
    await addSampleBackup(repository, { a: Buffer.concat([shared, sampleRows(700)]), b: sampleRows(900) }),
    await addSampleBackup(repository, { r: rescued }),
  ]
  const first = { a: shared, c: sampleRows(800) }
  const backups: Backups = { [await addSampleBackup(repository, first)]: first }
  storage.advance(3 * 24 * hour)
  for (const id of forgotten) await forgetBackup(repository, id)
  // Needs a pack that is about to be marked: its commit saw no mark yet.
  const late = await beginSampleBackup(repository)
  await late.write({ r: rescued })
  await prune(repository, options)
  const marks = new Map<string, Buffer>()
  for await (const { name } of storage.list('marks/')) marks.set(name, await storage.get(name))
  for (const name of marks.keys()) await storage.delete(name)
  await late.commit()
  for (const [name, data] of marks) await storage.put(name, data)
  backups[late.id] = { r: rescued }
  storage.advance(30 * hour)
  // Now marks are due, and there is something new to mark: a forgotten backup, and packs of one that died.
  const again = await addSampleBackup(repository, { d: sampleRows(800) })
  await (await beginSampleBackup(repository)).write({ e: sampleRows(800) })
  storage.advance(30 * hour)
  await forgetBackup(repository, again)
  return { storage, backups }
}

async function expectGood(storage: TimedStorage, backups: Backups, moment: string) {
  const repository = await openSampleRepository(storage)
  expect((await checkRepository(repository)).problems, moment).toEqual([])
  expect(Object.fromEntries(await readSampleBackups(repository)), moment).toEqual(backups)
}

/** The holder is dead; its lease would run out in a minute. */
async function forgetLeases(storage: TimedStorage) {
  for await (const { name } of storage.list('leases/')) await storage.delete(name)
}

const faults: FaultPlan[] = [
  { moment: 'before', stop: true },
  { moment: 'after', stop: true },
  { moment: 'half-way', stop: false },
  { moment: 'after', stop: false },
]

test.each(faults)(
  'prune with each storage operation failing, %j: nothing is lost, and the next one ends it',
  async (fault) => {
    const { storage: start, backups } = await neglected()
    await expectGood(start, backups, 'at the start')
    const clean = await start.copy()
    await prune(await openSampleRepository(clean), options)
    const whole = await finalState(clean, backups)

    let failures = 0
    for (let operation = 1; ; operation++) {
      const storage = await start.copy()
      const faulty = createFaultyStorage(storage, { ...fault, operation })
      // Opening is not part of the sweep.
      const repository = { ...(await openSampleRepository(storage)), storage: faulty }
      const moment = `operation ${operation}`
      const failed = await prune(repository, options).then(
        () => false,
        (error: { code?: string }) => {
          expect(error.code, moment).toBe('STORAGE_FAILED')
          return true
        },
      )
      if (failed) failures++
      await expectGood(storage, backups, moment)
      await forgetLeases(storage)
      await prune(await openSampleRepository(storage), options)
      await expectGood(storage, backups, `${moment}, and a prune after it`)
      if (operation % 5 === 0 || !faulty.faultMet) {
        const final = await finalState(storage, backups)
        // A prune that died after copying may leave more, smaller packs; never anything unused.
        expect(final.unusedBytes, moment).toBe(0)
        expect(final.bytes, moment).toBeLessThan(whole.bytes * 1.5)
      }
      if (!faulty.faultMet) break
    }
    expect(failures).toBeGreaterThan(40)
  },
)

/** What is left when prunes have had all the time they need. */
async function finalState(storage: TimedStorage, backups: Backups) {
  const repository = await openSampleRepository(storage)
  for (let round = 0; round < 3; round++) {
    storage.advance(10 * 24 * hour)
    await prune(repository, { ...options, repackUnusedShare: 0.0001 })
  }
  await expectGood(storage, backups, 'at the end')
  const { plan } = await prune(repository, { ...options, dryRun: true })
  expect({ ...plan, kept: undefined }).toEqual({
    repack: [],
    mark: [],
    delete: [],
    wait: [],
    locked: [],
    unmark: [],
    missing: [],
    kept: undefined,
  })
  const bytes = [...(await listPacks(repository)).values()].reduce((sum, size) => sum + size, 0)
  return { bytes, unusedBytes: plan.kept.unusedBytes }
}
