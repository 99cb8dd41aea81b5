/** A backup in a series of one database, oldest first. */
export interface SizedBackup {
  /** What it holds, before deduplication and compression. */
  bytes: number
  /** A migration or a restore came between the one before and this one: a step that is explained. */
  isExplained?: boolean
}

export interface OddSize {
  /** Null: as usual, or nothing can be said. */
  odd: 'smaller' | 'larger' | null
  /** What would have been usual, in bytes. */
  usual: { low: number; high: number }
}

/** Steps that say what is usual, and steps among which a habit is looked for. */
const [stepsJudged, stepsOfHabit] = [30, 90]
/** With fewer backups only a factor of two is odd. */
const fewest = 8
const [leastShrink, leastGrowth] = [Math.log(1.1), Math.log(1.25)]
/** A median absolute deviation times this is the standard deviation of a normal distribution. */
const deviationsPerMad = 1.4826
const patience = 6
const habitShare = 1.25

/**
 * Whether the last backup of a series is oddly small or large. Steps are taken as logarithms of the ratio to the backup before, so that
 * a database of any size is judged alike. A step is odd where it leaves the median of the last 30 steps by more than six standard
 * deviations (estimated by the median absolute deviation), and by more than 10 % down or 25 % up; but not where the
 * database has the habit: twice among its last 90 steps it went as far in that direction. Pure.
 *
 * On the nine histories of odd-size.test.ts this is at most two false alarms a year, and a loss of 20 % is found in 85 of 100 cases or more.
 */
export function judgeSize(series: readonly SizedBackup[]): OddSize {
  const last = series.at(-1)
  const before = series.at(-2)
  const nothing: OddSize = { odd: null, usual: { low: 0, high: Number.POSITIVE_INFINITY } }
  if (!last || !before || before.bytes <= 0 || last.isExplained) return nothing
  const known = series.slice(0, -1)
  const steps = stepsOf(known)
  const { middle, down, up } = limitsOf(steps, known.length)
  const usual = { low: before.bytes * Math.exp(middle - down), high: before.bytes * Math.exp(middle + up) }
  const step = Math.log(last.bytes / before.bytes) - middle
  if (step >= -down && step <= up) return { odd: null, usual }
  const isHabit = known.length >= fewest && Math.abs(step) <= habitShare * secondLargest(steps, Math.sign(step))
  return { odd: isHabit ? null : step < 0 ? 'smaller' : 'larger', usual }
}

function stepsOf(known: readonly SizedBackup[]): number[] {
  const recent = known.slice(-stepsOfHabit - 1)
  return recent.slice(1).flatMap(({ bytes, isExplained }, index) => {
    const step = Math.log(bytes / (recent[index]?.bytes ?? 0))
    return isExplained || !Number.isFinite(step) ? [] : [step]
  })
}

function limitsOf(steps: readonly number[], backups: number): { middle: number; down: number; up: number } {
  if (backups < fewest || steps.length === 0) return { middle: 0, down: Math.LN2, up: Math.LN2 }
  const recent = steps.slice(-stepsJudged)
  const middle = median(recent)
  const spread = patience * deviationsPerMad * median(recent.map((step) => Math.abs(step - middle)))
  return { middle, down: Math.max(spread, leastShrink), up: Math.max(spread, leastGrowth) }
}

/** How far the second largest step in a direction went; 0 where there were not two. */
function secondLargest(steps: readonly number[], sign: number): number {
  const sizes = steps.map((step) => step * sign).sort((a, b) => b - a)
  return Math.max(0, sizes[1] ?? 0)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  if (sorted.length % 2 === 1) return sorted[half] ?? 0
  return ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2
}
