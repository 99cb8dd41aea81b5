import { expect, test } from 'vitest'
import { leaseGenerations } from '../repository/leases/lease-generations.ts'
import type { Repository } from '../repository/repository.ts'
import { createTimedStorage } from '../testing/timed-storage.ts'
import { checkRepository } from './check.ts'
import { forgetBackup } from './forget.ts'
import { type PruneOptions, prune } from './prune.ts'
import {
  addSampleBackup,
  initSampleRepository,
  openSampleRepository,
  readSampleBackups,
  sampleRows,
} from './sample-backups.ts'

const hour = 3_600_000
/** 1: before every single operation; the ordinary run takes every third. */
const step = Number(process.env.LIFEBOAT_TEST_SWEEP_STEP ?? 3)
const options: PruneOptions = { packBytes: 1_500, repackUnusedShare: 0.2, leaseMs: 20_000 }

/** What a watcher does that waited in vain for a sign of life. */
async function takeOverAndFree({ storage, keys }: Pick<Repository, 'storage' | 'keys'>) {
  const generations = leaseGenerations({ storage, keys }, 'prune')
  const current = await generations.current()
  const record = { holder: 'another', nonce: `another ${current?.number}`, ttl_ms: 1_000, released: true }
  if (current) await generations.create(current.number + 1, record)
}

test('a prune paused before any of its operations, while others prune and back up for days, does no harm', async () => {
  const origin = createTimedStorage()
  const first = await initSampleRepository(origin)
  const rows = { due: sampleRows(700), old: sampleRows(800), shared: sampleRows(500), fresh: sampleRows(300) }
  const early = await addSampleBackup(first, { due: rows.due })
  origin.advance(48 * hour)
  await forgetBackup(first, early)
  await prune(first, options)
  const forgotten = await addSampleBackup(first, {
    old: rows.old,
    mixed: Buffer.concat([rows.shared, sampleRows(400)]),
  })
  const kept = await addSampleBackup(first, { shared: rows.shared })
  origin.advance(48 * hour)
  await forgetBackup(first, forgotten)

  const outcomes = new Map<string, number>()
  for (let operation = 1; ; operation += step) {
    const storage = await origin.copy()
    const backups: Record<string, Record<string, Buffer>> = { [kept]: { shared: rows.shared } }
    const repository = await openSampleRepository(storage)
    let count = 0
    storage.before = async () => {
      if (++count !== operation) return
      storage.before = undefined
      await takeOverAndFree({ storage, keys: first.keys })
      for (let round = 0; round < 2; round++) {
        await prune(repository, options)
        backups[await addSampleBackup(repository, rows)] = rows
        storage.advance(30 * hour)
      }
    }
    const outcome = await prune(repository, options).then(
      () => 'done',
      (error: { code?: string }) => error.code ?? String(error),
    )
    const met = storage.before === undefined
    storage.before = undefined
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    const moment = `operation ${operation}: ${outcome}`
    expect(['done', 'LEASE_LOST'], moment).toContain(outcome)
    for (const later of ['now', 'later']) {
      expect((await checkRepository(repository)).problems, `${moment}, ${later}`).toEqual([])
      expect(Object.fromEntries(await readSampleBackups(repository)), `${moment}, ${later}`).toEqual(backups)
      storage.advance(30 * hour)
      await prune(repository, options)
    }
    if (!met) break
  }
  expect(outcomes.get('LEASE_LOST')).toBeGreaterThan(5)
})
