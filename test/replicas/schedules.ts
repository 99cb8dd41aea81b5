import { dailyAt, type Schedule } from '../../packages/core/src/jobs/schedule.ts'

export const minute = 60_000

/** One in a zone whose clocks change in these ten days, one whose runs begin later by up to twenty minutes. */
export const schedules: Schedule[] = [
  { name: 'nightly', enabled: true, cron: dailyAt(2), timeZone: 'Europe/Berlin', jitterMinutes: 0 },
  { name: 'six-hourly', enabled: true, cron: '15 */6 * * *', timeZone: 'UTC', jitterMinutes: 20 },
]
