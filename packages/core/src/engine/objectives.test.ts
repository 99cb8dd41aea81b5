import { describe, expect, test } from 'vitest'
import { measureObjectives, missedObjectives, type ObjectiveFacts, objectivesFor } from './objectives.ts'

const now = new Date('2026-05-10T12:00:00.000Z')
const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000).toISOString()
type Backup = ObjectiveFacts['backups'][number]
const taken = (hours: number, more: Partial<Backup> & { trigger?: string } = {}): Backup => {
  const { trigger = 'schedule', ...rest } = more
  const manifest = { snapshot: { taken_at: hoursAgo(hours) }, trigger } as unknown as Backup['manifest']
  return { lastVerified: null, readable: true, ...rest, manifest }
}
const measure = (facts: Partial<ObjectiveFacts>) =>
  measureObjectives({ objectives: {}, backups: [], drills: [], now, ...facts })

describe('the recovery point', () => {
  const bad = { lastVerified: { level: 'structure', at: hoursAgo(1), ok: false } }
  const cases: [string, Backup[], seconds: number | null, worst: number | null, met: boolean][] = [
    ['no backup', [], null, null, false],
    ['in time', [taken(2), taken(26)], 2 * 3600, 24 * 3600, true],
    ['too old', [taken(30), taken(40)], 30 * 3600, 30 * 3600, false],
    ['the newest is bad: the one before counts', [taken(1, bad), taken(30)], 30 * 3600, 30 * 3600, false],
    ['a file is no protection', [taken(1, { trigger: 'import' }), taken(30)], 30 * 3600, 30 * 3600, false],
    ['from the future by a wrong clock', [taken(-5), taken(10)], 0, 10 * 3600, true],
    ['a gap of long ago does not count', [taken(1), taken(20), taken(24 * 31), taken(24 * 90)], 3600, 724 * 3600, true],
    ['unreadable records leave it in doubt', [taken(1, { readable: false })], null, null, false],
  ]
  test.each(cases)('%s', (_, backups, seconds, worst, met) => {
    const found = measure({ backups, objectives: { recoveryPointHours: 24 } }).recovery_point
    expect([found.seconds, found.worst_seconds, found.met]).toEqual([seconds, worst, met])
    expect(measure({ backups }).recovery_point.met).toBeNull()
  })
})

describe('the recovery time', () => {
  const drills = (...seconds: (number | null)[]) =>
    seconds.map((recovery_seconds, index) => ({ at: hoursAgo(100 - index), recovery_seconds }))
  const objectives = { recoveryTimeMinutes: 10 }

  test('is that of the newest drill which measured one', () => {
    expect(measure({ objectives, drills: drills(900, 300, null) }).recovery_time).toEqual({
      ...{ objective_seconds: 600, seconds: 300, p90_seconds: 900, measured_at: hoursAgo(99), met: true },
    })
    expect(measure({ objectives, drills: drills(300, 601) }).recovery_time.met).toBe(false)
    expect(measure({ objectives, drills: drills(null) }).recovery_time).toMatchObject({ seconds: null, met: null })
    expect(measure({ drills: drills(1e9) }).recovery_time.met).toBeNull()
  })
  test('ten drills are judged: nine were not longer', () => {
    const twelve = drills(9999, 9999, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
    expect(measure({ drills: twelve }).recovery_time.p90_seconds).toBe(9)
  })
})

test('each objective that is missed has a sentence', () => {
  const objectives = { recoveryPointHours: 24, recoveryTimeMinutes: 1 }
  expect(missedObjectives(measure({ objectives }))).toEqual([
    'No good backup meets the objective of the recovery point.',
  ])
  const drill = { at: hoursAgo(3), recovery_seconds: 90 }
  expect(missedObjectives(measure({ objectives, backups: [taken(36)], drills: [drill] }))).toEqual([
    'A restore would lose 36.0 h of work; the objective is 24.0 h.',
    'The last drill took 1.5 min to recover; the objective is 1.0 min.',
  ])
  expect(missedObjectives(measure({}))).toEqual([])
})

test('a database has its own objectives where they are set', () => {
  const set = { recoveryPointHours: 24, recoveryTimeMinutes: 60, databases: { till: { recoveryPointHours: 1 } } }
  expect(objectivesFor(set, 'till')).toEqual({ recoveryPointHours: 1, recoveryTimeMinutes: 60 })
  expect(objectivesFor(set, 'constructor')).toEqual({ recoveryPointHours: 24, recoveryTimeMinutes: 60 })
})
