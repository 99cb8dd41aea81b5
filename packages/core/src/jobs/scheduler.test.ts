import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Catalog, NewJob } from '../catalog/catalog.ts'
import { openSqliteCatalog } from '../catalog/sqlite.ts'
import { overdueOf } from '../engine/background/overdue-runs.ts'
import { createManualClock } from '../testing/manual-clock.ts'
import { randomId } from './job-id.ts'
import { dailyAt, type Schedule } from './schedule.ts'
import { createScheduler } from './scheduler.ts'

let folder: string
let catalog: Catalog
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-scheduler-'))
  catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'))
})
afterEach(async () => {
  await catalog.close()
  await rm(folder, { recursive: true, force: true })
})

const minute = 60_000
const nightly: Schedule = { name: 'backup', enabled: true, cron: dailyAt(2), timeZone: 'UTC', jitterMinutes: 0 }

function scheduler(schedules: Schedule[], clock = createManualClock(new Date('2026-03-01T12:00:00Z'))) {
  const fired: string[] = []
  const waiting: string[] = []
  const blocked = new Set<string>()
  const made = createScheduler({
    catalog,
    clock,
    worker: 'w',
    schedules: async () => schedules,
    job: ({ name }, slot): NewJob => {
      if (blocked.has(name)) throw new Error('There is no backup.')
      return {
        id: randomId('t'),
        kind: 'backup',
        subject_id: null,
        database: name,
        writer: name,
        position: 0,
        input: { slot: slot.toISOString() },
        trigger: 'schedule',
        created_by: 'scheduler',
        created_at: new Date(clock.now()).toISOString(),
      }
    },
    onBlocked: ({ schedule, slot }) => void waiting.push(`${schedule.name} ${slot.toISOString()}`),
    onFired: async (job) => {
      fired.push(String(job.input.slot))
    },
    onError: (error) => {
      throw error
    },
  })
  return { ...made, fired, waiting, blocked, clock }
}

test('a schedule seen for the first time makes up for nothing, then fires each day', async () => {
  const { look, clock, fired } = scheduler([nightly])
  await look()
  await clock.advance(14 * 60 * minute)
  await look()
  await look()
  await clock.advance(24 * 60 * minute)
  await look()
  expect(fired).toEqual(['2026-03-02T02:00:00.000Z', '2026-03-03T02:00:00.000Z'])
})

test('after days away one run makes up for all that were missed', async () => {
  const { look, clock, fired } = scheduler([nightly])
  await look()
  await clock.advance(5 * 24 * 60 * minute)
  await look()
  await look()
  expect(fired).toEqual(['2026-03-06T02:00:00.000Z'])
})

test('slots that pass while a schedule is off, or before it was changed, are not made up for', async () => {
  const schedules = [nightly]
  const { look, clock, fired } = scheduler(schedules)
  await look()
  schedules[0] = { ...nightly, enabled: false }
  await clock.advance(3 * 24 * 60 * minute)
  await look()
  schedules[0] = nightly
  await look()
  schedules[0] = { ...nightly, cron: dailyAt(3) }
  await look()
  expect(fired).toEqual([])
  await clock.advance(24 * 60 * minute)
  await look()
  expect(fired).toEqual(['2026-03-05T03:00:00.000Z'])
})

test('three processes for ten days, each looking at its own moments and dying at times: every slot ran exactly once', async () => {
  const clock = createManualClock(new Date('2026-03-24T00:10:00Z'))
  const schedules: Schedule[] = [
    { ...nightly, timeZone: 'Europe/Paris' },
    { name: 'hourly', enabled: true, cron: '20 * * * *', timeZone: 'UTC', jitterMinutes: 10 },
  ]
  const catalogs = await Promise.all([0, 1, 2].map(() => openSqliteCatalog(join(folder, 'catalog.sqlite'))))
  const original = catalog
  const replicas = catalogs.map((own) => {
    catalog = own
    return scheduler(schedules, clock)
  })
  catalog = original
  let seed = 7
  const random = () => {
    seed = (seed * 1_103_515_245 + 12_345) & 0x7fff_ffff
    return seed / 0x7fff_ffff
  }
  await replicas[0]?.look()
  for (let passed = 0; passed < 10 * 24 * 60; passed += 5) {
    await clock.advance(5 * minute)
    // At most two of three are away at a time.
    const present = replicas.filter(() => random() < 0.6)
    const looking = present.length > 0 ? present : replicas.slice(0, 1)
    await Promise.all(looking.map(({ look }) => look()))
  }
  const jobs = await catalog.jobs.list({}, { limit: 10_000 })
  const slots = (database: string) => jobs.filter((job) => job.database === database).map(({ input }) => input.slot)
  // Ten days and the hour that went missing hold eleven mornings.
  expect(slots('backup').length).toBe(11)
  expect(new Set(slots('backup')).size).toBe(11)
  expect(slots('hourly').length).toBe(240)
  expect(new Set(slots('hourly')).size).toBe(240)
  expect(replicas.flatMap(({ fired }) => fired).length).toBe(251)
  expect(replicas.every(({ fired }) => fired.length > 5)).toBe(true)
  await Promise.all(catalogs.map((own) => own.close()))
})

test('started, it looks by itself until it is stopped', async () => {
  const { start, stop, clock, fired } = scheduler([{ ...nightly, cron: '* * * * *' }])
  start()
  for (let n = 0; n < 12; n++) {
    await clock.advance(15_000)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(fired.length).toBeGreaterThanOrEqual(2)
  await stop()
  const count = fired.length
  await clock.advance(10 * minute)
  expect(fired.length).toBe(count)
})

test('times that are changed at noon owe nothing, neither of the old ones nor of the new ones', async () => {
  const [before, after] = [nightly, { ...nightly, cron: '0 1 * * *', timeZone: 'Europe/Paris' }]
  const schedules = [before]
  const { look, clock, fired } = scheduler(schedules)
  const overdue = () => overdueOf({ catalog }, schedules[0] as Schedule, new Date(clock.now()))
  await look()
  await clock.advance(14 * 60 * minute)
  await look()
  expect(fired).toHaveLength(1)
  await clock.advance(10 * 60 * minute)
  schedules[0] = after
  expect(await overdue()).toBeNull()
  await look()
  expect(await overdue()).toBeNull()
  await clock.advance(12 * 60 * minute)
  expect(await overdue()).toMatchObject({ slot: new Date('2026-03-03T00:00:00.000Z'), lateMs: 0 })
  await look()
  expect(await overdue()).toBeNull()
  expect(fired).toHaveLength(2)
})

test('a schedule whose job cannot be made waits, says so at each look, and keeps no other from its turn', async () => {
  const others = ['till', 'mail'].map((name) => ({ ...nightly, name }))
  const { look, clock, fired, waiting, blocked } = scheduler([nightly, ...others])
  await look()
  blocked.add('backup')
  await clock.advance(15 * 60 * minute)
  const slot = '2026-03-02T02:00:00.000Z'
  expect((await look()).map(({ database }) => database)).toEqual(['till', 'mail'])
  expect(fired).toEqual([slot, slot])
  await look()
  expect(waiting).toEqual([`backup ${slot}`, `backup ${slot}`])
  blocked.clear()
  expect((await look()).map(({ database }) => database)).toEqual(['backup'])
})

test.each([
  ['2026-03-28T12:00:00Z', 'Europe/Berlin'],
  ['2026-10-24T12:00:00Z', 'Europe/Berlin'],
  ['2026-03-07T12:00:00Z', 'America/New_York'],
  ['2026-10-31T12:00:00Z', 'America/New_York'],
  ['2026-04-04T00:00:00Z', 'Australia/Lord_Howe'],
  ['2026-10-03T00:00:00Z', 'Australia/Lord_Howe'],
])(
  'the night from %s on in which clocks change in %s: nothing is late, and nothing is missed',
  async (begin, timeZone) => {
    const crons = ['0 2 * * *', '30 2 * * *', '15 1 * * *', '45 3 * * 0', '10 * * * *']
    const schedules = crons.map((cron, n): Schedule => ({ ...nightly, name: `s${n}`, cron, timeZone }))
    const clock = createManualClock(new Date(begin))
    const { look } = scheduler(schedules, clock)
    await look()
    const bad: string[] = []
    for (let n = 0; n < 36 * 4; n++) {
      await clock.advance(15 * minute)
      const now = new Date(clock.now())
      for (const schedule of schedules) {
        const run = await overdueOf({ catalog }, schedule, now)
        // Of what a look every quarter of an hour leaves.
        if (run && run.lateMs >= 15 * minute) bad.push(`${schedule.cron} ${now.toISOString()} ${run.lateMs}`)
      }
      await look()
      for (const schedule of schedules)
        if (await overdueOf({ catalog }, schedule, now)) bad.push(`${schedule.cron} ${now.toISOString()} not fired`)
    }
    expect(bad).toEqual([])
  },
)
