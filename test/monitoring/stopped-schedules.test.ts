import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createEngineScheduler } from '../../packages/core/src/engine/background/run-schedule.ts'
import { EngineError } from '../../packages/core/src/errors.ts'
import { createMemoryStorage } from '../../packages/core/src/storage/memory.ts'
import { wrapStorage } from '../../packages/core/src/storage/wrap.ts'
import { createManualClock, type ManualClock } from '../../packages/core/src/testing/manual-clock.ts'

/** What an operator is told when no run by a schedule begins: the storage, the key or the catalog is gone. */
const minute = 60_000
let cluster: TemporaryCluster
let told: { type: string; title: string; lines: string[] }[]
let options: EngineOptions
let engine: BackupEngine
let clock: ManualClock
let isGone: boolean
let count = 0
const closers: (() => Promise<void>)[] = []

beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())
beforeEach(async () => {
  told = []
  isGone = false
  count++
  const storage = createMemoryStorage()
  const there = () => {
    if (isGone) throw new EngineError('STORAGE_GONE', 'The bucket is not there.')
    return storage
  }
  const repository = wrapStorage(storage, {
    get: async (...given) => there().get(...given),
    list: (...given) => there().list(...given),
    put: async (...given) => there().put(...given),
  })
  const pager = {
    ...{ kind: 'custom' as const, name: 'pager' },
    send: async ({ type, title, lines }: (typeof told)[number]) => void told.push({ type, title, lines: [...lines] }),
  }
  const database = await cluster.createDatabase(`shop${count}`)
  await cluster.sql(`shop${count}`, 'CREATE TABLE orders AS SELECT n AS id FROM generate_series(1, 50) n')
  options = {
    ...{ database, repository, encryption: 'none', catalog: await cluster.createDatabase(`catalog${count}`) },
    notifications: {
      channels: [pager],
      rules: [{ on: ['backup.missed', 'drill.failed', 'schedule.*'], to: ['pager'] }],
    },
  } as EngineOptions
  engine = createBackupEngine(options)
  closers.push(() => engine.stop())
  await engine.repository.init()
  clock = createManualClock(new Date('2026-03-01T12:00:00Z'))
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function openScheduler() {
  const { ground } = insideOf(engine)
  const background = await ground.background()
  const scheduler = await createEngineScheduler(ground, background, { clock, worker: 'w' })
  const heard = async () => {
    await background.notifier?.look()
    await background.notifier?.idle()
    return told.map(({ type }) => type)
  }
  return { scheduler, heard, queued: async () => (await engine.tasks.list({})).rows.map(({ kind }) => kind) }
}
const lastSlots = () => cluster.sql(`catalog${count}`, 'SELECT slot FROM lifeboat.schedule_slots')
const save = (name: string, kind: string) => engine.schedules.save(name, { kind, cron: '0 2 * * *', timeZone: 'UTC' })

test('the storage is gone when a backup is due: told after five minutes, once for each slot, and it begins later', async () => {
  await save('nightly', 'backup')
  const { scheduler, heard, queued } = await openScheduler()
  await scheduler.look()
  isGone = true
  await clock.advance(14 * 60 * minute + 2 * minute)
  expect(await scheduler.look()).toEqual([])
  expect(await heard()).toEqual([])
  for (let n = 0; n < 3; n++) {
    await clock.advance(4 * minute)
    await scheduler.look()
  }
  expect(await heard()).toEqual(['backup.missed'])
  expect(told[0]?.title).toBe('Backup of "default" by the schedule "nightly" cannot begin')
  expect(told[0]?.lines).toEqual([
    'It was due at 2026-03-02T02:00:00.000Z, and begins once that is over.',
    'Code: storage_gone',
    expect.stringContaining('`lifeboat init`'),
  ])
  const { notifications } = (await insideOf(engine).ground.background()).catalog
  expect((await notifications.conditions()).map(({ key }) => key)).toEqual(['backups.create:default'])
  isGone = false
  expect(await scheduler.look()).toHaveLength(1)
  expect(await queued()).toEqual(['backup'])
  expect(await heard()).toEqual(['backup.missed'])
})

test('a drill of what has no backup yet is told, and keeps no backup from its turn', async () => {
  await save('a-drill', 'drill')
  await save('nightly', 'backup')
  const { scheduler, heard } = await openScheduler()
  await scheduler.look()
  await clock.advance(14 * 60 * minute + 10 * minute)
  expect((await scheduler.look()).map(({ kind }) => kind)).toEqual(['backup'])
  expect(await heard()).toEqual(['drill.failed'])
  expect(told[0]).toMatchObject({ title: 'Drill of "default" by the schedule "a-drill" cannot begin' })
})

test('the database of the catalog is gone: told at once by each channel, again each day, and when it is back', async () => {
  await save('nightly', 'backup')
  const { scheduler } = await openScheduler()
  scheduler.start()
  await expect.poll(lastSlots, { timeout: 60_000 }).not.toEqual([])
  await cluster.sql(`catalog${count}`, 'ALTER SCHEMA lifeboat RENAME TO away')
  /** Looks for so long: each waits for the one before, which asks a server. */
  const pass = async (minutes: number) => {
    for (let n = 0; n < minutes * 4; n++) {
      await clock.advance(15_000)
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
  }
  const passUntil = async (isSo: () => boolean) => {
    for (let n = 0; !isSo(); n++) {
      if (n > 500) throw new Error(`Told so far: ${JSON.stringify(told)}`)
      await pass(1)
    }
  }
  await pass(3)
  expect(told).toEqual([])
  await passUntil(() => told.length === 1)
  expect(told[0]?.type).toBe('schedule.stopped')
  expect(told[0]?.title).toMatch(/^No schedule runs on .+: the catalog cannot be read$/)
  expect(told[0]?.lines.join('\n')).toMatch(/Code: catalog_damaged[\s\S]*`lifeboat doctor`[\s\S]*`lifeboat backup`/)
  expect(told[0]?.lines.join('\n')).not.toMatch(/\{\w+/)
  await pass(5)
  expect(told).toHaveLength(1)
  await clock.advance(24 * 60 * minute)
  await passUntil(() => told.length === 2)
  expect(told[1]?.title).toMatch(/^Still: no schedule runs/)
  await cluster.sql(`catalog${count}`, 'ALTER SCHEMA away RENAME TO lifeboat')
  await passUntil(() => told.at(-1)?.type === 'schedule.resumed')
  await scheduler.stop()
})
