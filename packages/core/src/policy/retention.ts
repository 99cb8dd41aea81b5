import { ageOf, type Clocks, calendarStamp, type Stamps } from './backup-age.ts'
import { newestFirst, sourceKey } from './backup-order.ts'
import { calendarKey, type Period, periods } from './calendar.ts'

/**
 * How many backups are kept. All of it counts per database, and only good backups count. A backup that an actor asked
 * for counts against those of the same actor only, so that an actor without the permission to delete cannot push out
 * the backups of others.
 *
 * `newest` and `days` are limits; 0 means there is none, and with both at 0 nothing is ever forgotten. A backup goes
 * when it is past a limit, unless a period keeps it: `daily: 7` keeps the newest good backup of each of the last seven
 * days that have one, whatever the limits say.
 */
export interface RetentionPolicy {
  /** Newest good backups kept; 0 is unlimited. */
  newest: number
  /** Days after which a backup goes; 0 is never. */
  days: number
  hourly: number
  daily: number
  weekly: number
  monthly: number
  yearly: number
  /** Days a pre-restore safety backup is kept, outside all counts; 0 is always. */
  safetyDays: number
  /** IANA time zone in which hours, days, weeks (from Monday), months and years begin. */
  timeZone: string
}

export interface RetentionBackup extends Stamps {
  id: string
  number: number
  database: string
  /** Of the server it was made on: databases of the same name on two servers do not mix. */
  system_identifier: string
  /** Media folders alone: kept and let go by themselves. */
  media_only?: boolean
  /** Completed, and not known to be damaged: the last verification, if there was one, passed. */
  good: boolean
  pinned: boolean
  /** An undo of a restore or rewind goes back to it, or to what it was made of. */
  neededForUndo: boolean
  /** Made before a restore, as its safety net. */
  safety: boolean
  /** Whether its pin and its verifications can be read. One of which they cannot stays, and counts for nothing. */
  readable?: boolean
  /** Made by the job that retention follows. */
  justMade?: boolean
  /** Who asked for it; absent: the schedule. */
  madeBy?: string | undefined
}

export type RetentionReason =
  | 'pinned'
  | 'just_made'
  | 'record_unreadable'
  | 'needed_for_undo'
  | 'last_good'
  | 'no_good_backup'
  | 'safety'
  | 'within_limits'
  | Period
  | 'beyond_newest'
  | 'too_old'
  | 'safety_expired'
  | 'refused_clock'
  | 'refused_half'

export interface RetentionDecision {
  id: string
  keep: boolean
  /** Every rule that keeps it, or every limit it is past. Never empty. */
  reasons: RetentionReason[]
  /** The same in one sentence for people. */
  text: string
}

const dayMs = 86_400_000

/**
 * Decides for each backup whether it stays, and why. Pure: the same input gives the same decisions, in the order given.
 *
 * Newer is what has the higher number. An age is the smallest that any clock gives. Whatever the policy says, these stay:
 * pinned backups, the base of an undo, the newest good backup of each database, and every backup of a database that has no
 * good one. What goes at once is bounded by {@link guardRetention}.
 */
export function decideRetention(
  backups: readonly RetentionBackup[],
  policy: RetentionPolicy,
  now: Clocks,
): RetentionDecision[] {
  const decisions = new Map<RetentionBackup, RetentionDecision>()
  for (const group of Map.groupBy(backups, sourceKey).values())
    for (const [backup, decision] of decideDatabase(group, policy, now)) decisions.set(backup, decision)
  return backups.map((backup) => decisions.get(backup) as RetentionDecision)
}

function decideDatabase(backups: RetentionBackup[], policy: RetentionPolicy, now: Clocks) {
  const ordered = [...backups].sort(newestFirst)
  const isGood = (backup: RetentionBackup) => backup.good && backup.readable !== false
  const counted = ordered.filter((backup) => isGood(backup) && !backup.safety)
  const lastGood = counted[0] ?? ordered.find(isGood)
  const chosen = chooseByPeriods(counted, policy, now)

  let scheduledAndNewer = 0
  const newerOf = new Map<string, number>()
  return ordered.map((backup): [RetentionBackup, RetentionDecision] => {
    const keep: RetentionReason[] = []
    if (backup.pinned) keep.push('pinned')
    if (backup.justMade) keep.push('just_made')
    if (backup.readable === false) keep.push('record_unreadable')
    if (backup.neededForUndo) keep.push('needed_for_undo')
    if (backup === lastGood) keep.push('last_good')
    if (lastGood === undefined) keep.push('no_good_backup')
    const past: RetentionReason[] = []
    const { youngest } = ageOf(backup, now)
    if (backup.safety) {
      if (policy.safetyDays > 0 && youngest > policy.safetyDays * dayMs) past.push('safety_expired')
      else keep.push('safety')
    } else {
      const { madeBy } = backup
      const newer = scheduledAndNewer + (madeBy === undefined ? 0 : (newerOf.get(madeBy) ?? 0))
      if (policy.newest > 0 && newer >= policy.newest) past.push('beyond_newest')
      if (policy.days > 0 && youngest > policy.days * dayMs) past.push('too_old')
      if (past.length === 0) keep.push('within_limits')
      keep.push(...(chosen.get(backup) ?? []))
      if (isGood(backup) && madeBy === undefined) scheduledAndNewer++
      else if (isGood(backup) && madeBy !== undefined) newerOf.set(madeBy, (newerOf.get(madeBy) ?? 0) + 1)
    }
    const reasons = keep.length > 0 ? keep : past
    return [backup, { id: backup.id, keep: keep.length > 0, reasons, text: explain(reasons, policy) }]
  })
}

/**
 * Backups of the schedule are also chosen among themselves: one that an actor asked for later in the day does not
 * replace them.
 */
function chooseByPeriods(ordered: RetentionBackup[], policy: RetentionPolicy, now: Clocks) {
  const scheduled = ordered.filter(({ madeBy }) => madeBy === undefined)
  const chosen = chooseByPeriod(ordered, policy, now)
  if (scheduled.length === ordered.length) return chosen
  for (const [backup, found] of chooseByPeriod(scheduled, policy, now))
    chosen.set(backup, [...new Set([...(chosen.get(backup) ?? []), ...found])])
  return chosen
}

/** For each period, the newest backup of each of the first n buckets that hold one. */
function chooseByPeriod(ordered: RetentionBackup[], policy: RetentionPolicy, now: Clocks) {
  const chosen = new Map<RetentionBackup, Period[]>()
  for (const period of periods) {
    const seen = new Set<string>()
    for (const backup of ordered) {
      if (seen.size >= policy[period]) break
      const key = calendarKey(period, calendarStamp(backup, now), policy.timeZone)
      if (seen.has(key)) continue
      seen.add(key)
      chosen.set(backup, [...(chosen.get(backup) ?? []), period])
    }
  }
  return chosen
}

function explain(reasons: RetentionReason[], policy: RetentionPolicy): string {
  const texts: Record<RetentionReason, string> = {
    pinned: 'it is pinned',
    just_made: 'it has just been made',
    record_unreadable: 'its pin or a verification of it cannot be read',
    needed_for_undo: 'an undo of a restore or rewind needs it',
    last_good: 'it is the last good backup of its database',
    no_good_backup: 'its database has no good backup, so nothing goes',
    safety: 'it is a safety backup that has not expired',
    within_limits: 'it is within the limits',
    hourly: `it is one of ${policy.hourly} hourly backups`,
    daily: `it is one of ${policy.daily} daily backups`,
    weekly: `it is one of ${policy.weekly} weekly backups`,
    monthly: `it is one of ${policy.monthly} monthly backups`,
    yearly: `it is one of ${policy.yearly} yearly backups`,
    beyond_newest: `${policy.newest} newer good backups exist`,
    too_old: `it is older than ${policy.days} days`,
    safety_expired: `it is a safety backup older than ${policy.safetyDays} days`,
    refused_clock: 'the clocks do not agree with the newest backup, so nothing goes',
    refused_half: 'more than half of the backups would go at once',
  }
  const sentence = reasons.map((reason) => texts[reason]).join(', and ')
  return `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`
}
