import { calendarKey, type Period, periods } from './calendar.ts'

/**
 * How many backups are kept. All of it counts per database, and only good backups count.
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

export interface RetentionBackup {
  id: string
  database: string
  createdAt: Date
  /** Completed, and not known to be damaged: the last verification, if there was one, passed. */
  good: boolean
  pinned: boolean
  /** An undo of a restore goes back to it, or to what it was made of. */
  neededForUndo: boolean
  /** Made before a restore, as its safety net. */
  safety: boolean
}

export type RetentionReason =
  | 'pinned'
  | 'needed_for_undo'
  | 'last_good'
  | 'no_good_backup'
  | 'safety'
  | 'within_limits'
  | Period
  | 'beyond_newest'
  | 'too_old'
  | 'safety_expired'

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
 * Whatever the policy says, these stay: pinned backups, the base of an undo, the newest good backup of each database,
 * and every backup of a database that has no good one.
 */
export function decideRetention(backups: RetentionBackup[], policy: RetentionPolicy, now: Date): RetentionDecision[] {
  const decisions = new Map<RetentionBackup, RetentionDecision>()
  for (const group of Map.groupBy(backups, (backup) => backup.database).values())
    for (const [backup, decision] of decideDatabase(group, policy, now)) decisions.set(backup, decision)
  return backups.map((backup) => decisions.get(backup) as RetentionDecision)
}

function decideDatabase(backups: RetentionBackup[], policy: RetentionPolicy, now: Date) {
  const newestFirst = [...backups].sort(compareNewestFirst)
  const counted = newestFirst.filter((backup) => backup.good && !backup.safety)
  const lastGood = counted[0] ?? newestFirst.find((backup) => backup.good)
  const chosen = chooseByPeriod(counted, policy)

  let goodAndNewer = 0
  return newestFirst.map((backup): [RetentionBackup, RetentionDecision] => {
    const keep: RetentionReason[] = []
    if (backup.pinned) keep.push('pinned')
    if (backup.neededForUndo) keep.push('needed_for_undo')
    if (backup === lastGood) keep.push('last_good')
    if (lastGood === undefined) keep.push('no_good_backup')
    const past: RetentionReason[] = []
    const ageMs = now.getTime() - backup.createdAt.getTime()
    if (backup.safety) {
      if (policy.safetyDays > 0 && ageMs > policy.safetyDays * dayMs) past.push('safety_expired')
      else keep.push('safety')
    } else {
      if (policy.newest > 0 && goodAndNewer >= policy.newest) past.push('beyond_newest')
      if (policy.days > 0 && ageMs > policy.days * dayMs) past.push('too_old')
      if (past.length === 0) keep.push('within_limits')
      keep.push(...(chosen.get(backup) ?? []))
      if (backup.good) goodAndNewer++
    }
    const reasons = keep.length > 0 ? keep : past
    return [backup, { id: backup.id, keep: keep.length > 0, reasons, text: explain(reasons, policy) }]
  })
}

/** For each period, the newest backup of each of the first n buckets that hold one. */
function chooseByPeriod(newestFirst: RetentionBackup[], policy: RetentionPolicy) {
  const chosen = new Map<RetentionBackup, Period[]>()
  for (const period of periods) {
    const seen = new Set<string>()
    for (const backup of newestFirst) {
      if (seen.size >= policy[period]) break
      const key = calendarKey(period, backup.createdAt, policy.timeZone)
      if (seen.has(key)) continue
      seen.add(key)
      chosen.set(backup, [...(chosen.get(backup) ?? []), period])
    }
  }
  return chosen
}

/** Ids break ties, so that the outcome does not hang on the order in which backups were listed. */
function compareNewestFirst(a: RetentionBackup, b: RetentionBackup): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)
}

function explain(reasons: RetentionReason[], policy: RetentionPolicy): string {
  const texts: Record<RetentionReason, string> = {
    pinned: 'it is pinned',
    needed_for_undo: 'an undo of a restore needs it',
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
  }
  const sentence = reasons.map((reason) => texts[reason]).join(', and ')
  return `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`
}
