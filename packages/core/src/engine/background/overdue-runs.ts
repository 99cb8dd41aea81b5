import { overdueRun, type Schedule } from '../../jobs/schedule.ts'
import { slotsName } from '../../jobs/scheduler.ts'
import type { Background } from './core.ts'
import type { PlannedJob } from './schedules.ts'

/**
 * The oldest run of a schedule that should have begun and has not. A schedule that was never looked at, or whose times were changed
 * since, owes nothing yet.
 */
export async function overdueOf(
  { catalog }: Pick<Background, 'catalog'>,
  schedule: Schedule,
  now: Date,
): Promise<ReturnType<typeof overdueRun>> {
  const last = schedule.enabled ? await catalog.schedule.lastSlot(slotsName(schedule)) : null
  return last === null ? null : overdueRun(schedule, new Date(last), now)
}

/** The enabled schedules that back up a database. */
export const backupSchedulesOf = (planned: readonly PlannedJob[], label: string): PlannedJob[] =>
  planned.filter(
    ({ kind, enabled, database, input }) =>
      kind === 'backup' && enabled && input.media_only !== true && (database === null || database === label),
  )

/** A scheduler looks every 15 seconds, and a machine may be busy. */
const graceMs = 15 * 60_000

/** For how long the run that is most overdue should have begun, in seconds; 0 where none is. */
export async function longestOverdue(
  background: Pick<Background, 'catalog'>,
  schedules: readonly Schedule[],
  now: Date,
): Promise<number> {
  const runs = await Promise.all(schedules.map((schedule) => overdueOf(background, schedule, now)))
  const late = Math.max(0, ...runs.map((run) => run?.lateMs ?? 0))
  return late > graceMs ? Math.round(late / 1000) : 0
}
