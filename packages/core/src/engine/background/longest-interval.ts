import { nextRuns, type Schedule } from '../../jobs/schedule.ts'

/** The next runs of some schedules, in seconds since 1970, ascending. */
export function runsAhead(schedules: readonly Schedule[], now: Date): number[] {
  const runs = schedules.flatMap((schedule) => nextRuns(schedule, 60, now).map((run) => run.getTime() / 1000))
  return runs.sort((a, b) => a - b)
}

/** The longest time between two runs, in seconds; null where there are not two. */
export function longestInterval(schedules: readonly Schedule[], now: Date): number | null {
  const runs = runsAhead(schedules, now)
  if (runs.length < 2) return null
  return Math.round(Math.max(...runs.slice(1).map((run, index) => run - (runs[index] ?? run))))
}
