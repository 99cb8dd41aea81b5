import { overdueRun, type Schedule } from '../../jobs/schedule.ts'
import { slotsName } from '../../jobs/scheduler.ts'
import type { Background } from './core.ts'

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
