import type { Drill } from '../repository/documents/drills.ts'
import { isGood, type StoredBackup } from './summary.ts'

/** What was set for a database, in the words of the options. */
export interface Objectives {
  recoveryPointHours?: number | undefined
  recoveryTimeMinutes?: number | undefined
}

/** What a loss would cost now, and what it may cost. Field names of the HTTP contract; times in seconds. */
export interface MeasuredObjectives {
  recovery_point: {
    objective_seconds: number | null
    /** Since the snapshot of the newest good backup: the work that a restore would lose. Null: there is none. */
    seconds: number | null
    /** The longest time between two good backups of the last 30 days, or since the newest one. */
    worst_seconds: number | null
    /** Null where no objective is set. Without a good backup it is not met. */
    met: boolean | null
  }
  recovery_time: {
    objective_seconds: number | null
    /** Of the newest drill that measured one; null: none has. */
    seconds: number | null
    /** Nine of the last ten drills were not longer. */
    p90_seconds: number | null
    measured_at: string | null
    /** Null where no objective is set, or nothing was measured. */
    met: boolean | null
  }
}

export interface ObjectiveFacts {
  objectives: Objectives
  /** Of the one database. */
  backups: readonly Pick<StoredBackup, 'manifest' | 'lastVerified' | 'readable' | 'trust'>[]
  /** Oldest first. */
  drills: readonly Pick<Drill, 'at' | 'recovery_seconds'>[]
  now: Date
}

const windowMs = 30 * 86_400_000
const drillsJudged = 10

/** Measures recovery point and recovery time against what was set. Pure. */
export function measureObjectives({ objectives, backups, drills, now }: ObjectiveFacts): MeasuredObjectives {
  const taken = backups
    .filter((backup) => backup.manifest.trigger !== 'import' && isGood(backup))
    .map(({ manifest }) => Date.parse(manifest.snapshot.taken_at))
    // A backup from the future by a wrong clock proves no recovery point later than now.
    .map((at) => Math.min(at, now.getTime()))
    .sort((a, b) => a - b)
  const point = objectives.recoveryPointHours
  const newest = taken.at(-1)
  const age = newest === undefined ? null : Math.round((now.getTime() - newest) / 1000)
  return {
    recovery_point: {
      objective_seconds: point === undefined ? null : point * 3600,
      seconds: age,
      worst_seconds: worstGap(taken, now),
      met: point === undefined ? null : age !== null && age <= point * 3600,
    },
    recovery_time: recoveryTime(objectives, drills),
  }
}

/** The gap that reaches into the window counts as a whole. */
function worstGap(taken: readonly number[], now: Date): number | null {
  if (taken.length === 0) return null
  const ends = [...taken.slice(1), now.getTime()]
  const gaps = ends.flatMap((end, index) => (end >= now.getTime() - windowMs ? [end - (taken[index] ?? end)] : []))
  return Math.round(Math.max(0, ...gaps) / 1000)
}

function recoveryTime(
  { recoveryTimeMinutes }: Objectives,
  drills: ObjectiveFacts['drills'],
): MeasuredObjectives['recovery_time'] {
  const measured = drills.flatMap(({ at, recovery_seconds: seconds }) => (seconds === null ? [] : [{ at, seconds }]))
  const last = measured.at(-1)
  const sorted = measured
    .slice(-drillsJudged)
    .map(({ seconds }) => seconds)
    .sort((a, b) => a - b)
  const limit = recoveryTimeMinutes === undefined ? null : recoveryTimeMinutes * 60
  return {
    objective_seconds: limit,
    seconds: last?.seconds ?? null,
    p90_seconds: sorted[Math.ceil(sorted.length * 0.9) - 1] ?? null,
    measured_at: last?.at ?? null,
    met: limit === null || !last ? null : last.seconds <= limit,
  }
}

/** One sentence for each objective that is missed. Pure. */
export function missedObjectives({ recovery_point: point, recovery_time: time }: MeasuredObjectives): string[] {
  const hours = (seconds: number | null): string => `${((seconds ?? 0) / 3600).toFixed(1)} h`
  const minutes = (seconds: number | null): string => `${((seconds ?? 0) / 60).toFixed(1)} min`
  return [
    ...(point.met === false && point.seconds !== null
      ? [`A restore would lose ${hours(point.seconds)} of work; the objective is ${hours(point.objective_seconds)}.`]
      : []),
    ...(point.met === false && point.seconds === null
      ? ['No good backup meets the objective of the recovery point.']
      : []),
    ...(time.met === false
      ? [
          `The last drill took ${minutes(time.seconds)} to recover; the objective is ${minutes(time.objective_seconds)}.`,
        ]
      : []),
  ]
}

/** What holds for a database: its own, else what is set for all. */
export function objectivesFor(set: Objectives & { databases: Record<string, Objectives> }, label: string): Objectives {
  const own = Object.hasOwn(set.databases, label) ? set.databases[label] : undefined
  return {
    recoveryPointHours: own?.recoveryPointHours ?? set.recoveryPointHours,
    recoveryTimeMinutes: own?.recoveryTimeMinutes ?? set.recoveryTimeMinutes,
  }
}
