import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideRetention, type RetentionBackup, type RetentionPolicy } from './retention.ts'

const now = new Date('2026-11-22T12:00:00Z')
const zones = ['UTC', 'Europe/Paris', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia']
const small = fc.integer({ min: 0, max: 5 })
const history = fc.record({
  backups: fc.array(
    fc.record({
      database: fc.constantFrom('a', 'b'),
      system_identifier: fc.constantFrom('1', '2'),
      // Minutes around the end of daylight saving in most of the zones, or up to three years back.
      minutes: fc.oneof(fc.integer({ min: 0, max: 60 * 24 * 40 }), fc.integer({ min: 0, max: 60 * 24 * 1000 })),
      good: fc.boolean(),
      pinned: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      neededForUndo: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      safety: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
      madeBy: fc.constantFrom(undefined, undefined, 'ann', 'ben'),
    }),
    { maxLength: 24 },
  ),
  policy: fc.record({
    newest: small,
    days: fc.constantFrom(0, 1, 7, 30, 365),
    hourly: small,
    daily: small,
    weekly: small,
    monthly: small,
    yearly: small,
    safetyDays: fc.constantFrom(0, 1, 7),
    timeZone: fc.constantFrom(...zones),
  }),
})

const runs = process.env.LIFEBOAT_LONG === '1' ? 100_000 : 2000

test(`equals the reference model in ${runs} random histories`, { timeout: 60_000 + runs * 20 }, () => {
  fc.assert(
    fc.property(history, ({ backups, policy }) => {
      const list = backups.map(({ minutes, ...rest }, index) => ({
        ...rest,
        id: `b${index}`,
        // The order is the number's, whatever the times say.
        number: index,
        createdAt: new Date(now.getTime() - minutes * 60_000),
        storedAt: null,
        takenAt: null,
      }))
      const decisions = decideRetention(list, policy, { engine: now, storage: null, server: null })
      const keptIds = new Set(decisions.filter((decision) => decision.keep).map((decision) => decision.id))
      expect([...keptIds].sort()).toEqual(referenceRetention(list, policy, now).sort())
      for (const decision of decisions) expect(decision.reasons).not.toEqual([])
      for (const database of ['a', 'b'])
        for (const server of ['1', '2']) {
          const good = list.filter((one) => one.database === database && one.system_identifier === server && one.good)
          if (good.length > 0) expect(good.some((entry) => keptIds.has(entry.id))).toBe(true)
        }
    }),
    { numRuns: runs, seed: 20_261_122 },
  )
})

/**
 * The retention rules written a second time, by definition instead of by algorithm, for the property test above: each backup
 * is judged alone, by counting over all others. Shares no code with retention.ts, the calendar included.
 */
function referenceRetention(backups: RetentionBackup[], policy: RetentionPolicy, now: Date): string[] {
  return backups.filter((backup) => stays(backup, backups, policy, now)).map((backup) => backup.id)
}

function stays(backup: RetentionBackup, all: RetentionBackup[], policy: RetentionPolicy, now: Date): boolean {
  const same = all.filter(
    (other) => other.database === backup.database && other.system_identifier === backup.system_identifier,
  )
  if (!same.some((other) => other.good)) return true
  if (backup.pinned || backup.neededForUndo) return true

  const ordinary = same.filter((other) => other.good && !other.safety)
  const candidates = ordinary.length > 0 ? ordinary : same.filter((other) => other.good)
  if (candidates.includes(backup) && candidates.every((other) => other === backup || isNewer(backup, other)))
    return true

  const ageDays = (now.getTime() - backup.createdAt.getTime()) / 86_400_000
  if (backup.safety) return policy.safetyDays === 0 || ageDays <= policy.safetyDays

  const newer = ordinary.filter((other) => other !== backup && isNewer(other, backup))
  const young = policy.days === 0 || ageDays <= policy.days
  const against = newer.filter((other) => other.madeBy === undefined || other.madeBy === backup.madeBy)
  const few = policy.newest === 0 || against.length < policy.newest
  if (young && few) return true

  if (!backup.good) return false
  const buckets: [number, (moment: Date) => string][] = [
    [policy.hourly, (moment) => hourOf(moment, policy.timeZone)],
    [policy.daily, (moment) => local(moment, policy.timeZone).slice(0, 10)],
    [policy.weekly, (moment) => String(weekOf(moment, policy.timeZone))],
    [policy.monthly, (moment) => local(moment, policy.timeZone).slice(0, 7)],
    [policy.yearly, (moment) => local(moment, policy.timeZone).slice(0, 4)],
  ]
  const newestOfBucket = (others: RetentionBackup[]) =>
    buckets.some(([wanted, bucket]) => {
      const own = bucket(backup.createdAt)
      const newerBuckets = new Set(others.map((other) => bucket(other.createdAt)))
      return !newerBuckets.has(own) && newerBuckets.size < wanted
    })
  const isScheduled = ({ madeBy }: RetentionBackup) => madeBy === undefined
  return newestOfBucket(newer) || (isScheduled(backup) && newestOfBucket(newer.filter(isScheduled)))
}

function isNewer(a: RetentionBackup, b: RetentionBackup): boolean {
  return a.number > b.number
}

/** `2026-11-22 14:05:09` in the zone: Swedish writes ISO. */
function local(moment: Date, timeZone: string): string {
  return moment.toLocaleString('sv-SE', { timeZone })
}

/** Minutes the zone is ahead of UTC at that moment, by reading its clock as if it were UTC. */
function offsetMinutes(moment: Date, timeZone: string): number {
  return Math.round((Date.parse(`${local(moment, timeZone).replace(' ', 'T')}Z`) - moment.getTime()) / 60_000)
}

function hourOf(moment: Date, timeZone: string): string {
  return `${local(moment, timeZone).slice(0, 13)} ${offsetMinutes(moment, timeZone)}`
}

/** Weeks since the Monday of 1969-12-29. */
function weekOf(moment: Date, timeZone: string): number {
  const days = Math.floor(Date.parse(`${local(moment, timeZone).slice(0, 10)}T00:00:00Z`) / 86_400_000)
  return Math.floor((days + 3) / 7)
}
