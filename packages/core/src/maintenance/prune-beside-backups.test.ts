import { expect, test } from 'vitest'
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
  type SampleBackup,
  sampleRows,
} from './sample-backups.ts'

const hour = 3_600_000
/** 1: before every single operation; the ordinary run takes every third. */
const step = Number(process.env.LIFEBOAT_TEST_SWEEP_STEP ?? 3)
const options: PruneOptions = { packBytes: 1_500, repackUnusedShare: 0.2, leaseMs: 20_000 }
type Backups = Record<string, Record<string, Buffer>>

async function expectGood(storage: TimedStorage, backups: Backups, moment: string) {
  const repository = await openSampleRepository(storage)
  expect((await checkRepository(repository, { readData: true })).problems, moment).toEqual([])
  expect(Object.fromEntries(await readSampleBackups(repository)), moment).toEqual(backups)
}

/**
 * Old rows that no backup needs any more, which new backups would like to use again; partly used packs; marks that are
 * due.
 */
async function start() {
  const storage = createTimedStorage()
  const repository = await initSampleRepository(storage)
  const due = sampleRows(700)
  const old = sampleRows(900)
  const shared = sampleRows(500)
  const first = await addSampleBackup(repository, { due })
  storage.advance(48 * hour)
  await forgetBackup(repository, first)
  await prune(repository, options)
  const second = await addSampleBackup(repository, { old, mixed: Buffer.concat([shared, sampleRows(400)]) })
  const tables = { shared }
  const backups: Backups = { [await addSampleBackup(repository, tables)]: tables }
  storage.advance(48 * hour)
  await forgetBackup(repository, second)
  return { storage, backups, rows: { due, old, shared, fresh: sampleRows(300) } }
}

type Stage = 'begun' | 'written' | 'finished' | 'committed'
const stages: Stage[] = ['begun', 'written', 'finished', 'committed']

test.each(['begun', 'written', 'finished', 'not begun'] as const)(
  'a backup that was %s when prune began goes on, or commits, before each single operation of it',
  async (before) => {
    const { storage: origin, backups: given, rows } = await start()
    let committed = 0
    let refused = 0
    for (let operation = 1; ; operation += step) {
      const storage = await origin.copy()
      const backups = { ...given }
      let backup: SampleBackup | undefined
      let stage: Stage | undefined
      const run = async (until: Stage) => {
        for (const next of stages.slice(
          stages.indexOf(stage ?? 'begun') + (stage ? 1 : 0),
          stages.indexOf(until) + 1,
        )) {
          if (next === 'begun') backup = await beginSampleBackup(await openSampleRepository(storage))
          if (next === 'written') await backup?.write(rows)
          if (next === 'finished') await backup?.finish()
          if (next === 'committed') await commit()
          stage = next
        }
      }
      const commit = async () => {
        if (!backup) return
        const { id } = backup
        await backup.commit().then(
          () => {
            committed++
            backups[id] = rows
          },
          (error: { code?: string }) => {
            refused++
            expect(error.code).toMatch(/CHUNK_MARKED|CHUNK_MISSING/)
          },
        )
      }
      if (before !== 'not begun') await run(before)
      let count = 0
      storage.before = async () => {
        if (++count !== operation) return
        storage.before = undefined
        await run('committed')
      }
      await prune(await openSampleRepository(storage), options)
      const met = storage.before === undefined
      storage.before = undefined
      if (met) await expectGood(storage, backups, `operation ${operation}`)
      storage.advance(27 * hour)
      await prune(await openSampleRepository(storage), options)
      if (met) await expectGood(storage, backups, `operation ${operation}, later`)
      else break
    }
    expect(committed).toBeGreaterThan(0)
    if (before !== 'not begun') expect(refused).toBeGreaterThan(0)
  },
)

test('random histories of backups, forgets, prunes and hours: what is committed stays readable', async () => {
  let seed = 20_261_122
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((seed / 2 ** 31) * below)
  }
  const outcomes = { committed: 0, refused: 0, deleted: 0 }
  for (let history = 0; history < 8; history++) {
    const storage = createTimedStorage()
    await initSampleRepository(storage)
    const backups: Backups = {}
    const pool = Array.from({ length: 6 }, () => sampleRows(200 + random(400)))
    const running: { backup: SampleBackup; tables: Record<string, Buffer>; stage: number }[] = []
    const step = async () => {
      const repository = await openSampleRepository(storage)
      const choice = random(10)
      const going = running[random(running.length + 1)]
      if (choice < 3 && running.length < 3) {
        const tables = { a: pool[random(6)] as Buffer, b: pool[random(6)] as Buffer }
        running.push({ backup: await beginSampleBackup(repository), tables, stage: 0 })
      } else if (going) {
        if (going.stage === 0) await going.backup.write(going.tables)
        if (going.stage === 1) await going.backup.finish()
        if (going.stage++ < 2) return
        running.splice(running.indexOf(going), 1)
        await going.backup.commit().then(
          () => {
            outcomes.committed++
            backups[going.backup.id] = going.tables
          },
          (error: { code?: string }) => {
            outcomes.refused++
            expect(error.code).toMatch(/CHUNK_MARKED|CHUNK_MISSING/)
          },
        )
      } else if (choice < 6 && Object.keys(backups).length > 0) {
        const ids = Object.keys(backups)
        const id = ids[random(ids.length)] as string
        await forgetBackup(repository, id)
        delete backups[id]
      }
    }
    for (let round = 0; round < 25; round++) {
      for (let steps = random(5); steps > 0; steps--) await step()
      storage.advance(random(20) * hour)
      let at = random(40)
      storage.before = async () => {
        if (--at > 0) return
        storage.before = undefined
        for (let steps = random(4); steps > 0; steps--) await step()
        at = random(40)
      }
      const { packsDeleted } = await prune(await openSampleRepository(storage), options)
      outcomes.deleted += packsDeleted
      storage.before = undefined
      await expectGood(storage, backups, `history ${history}, round ${round}`)
    }
  }
  expect(outcomes.committed).toBeGreaterThan(30)
  expect(outcomes.deleted).toBeGreaterThan(30)
})
