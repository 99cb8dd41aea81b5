import { counted } from '../../counted.ts'
import { overdueOf } from '../background/overdue-runs.ts'
import type { DoctorCheck } from './doctor-report.ts'
import type { HostContext, Probe } from './probe.ts'

/** A process says every 15 seconds that it is alive. */
const silentMs = 90_000
/** A scheduler looks every 15 seconds; a slot that no scheduler has taken after this time is overdue. */
const overdueMs = 5 * 60_000

/** Whether a process fires the schedules and takes the jobs of this catalog, and what is overdue. */
export const scheduleAlive: Probe<HostContext> = {
  id: 'schedule',
  async run({ history }) {
    const background = await history()
    if (!background) return []
    const { catalog } = background
    const { enabledJobs } = await import('../background/schedules.ts')
    const schedules = await enabledJobs(background)
    const queued = await catalog.jobs.list({ statuses: ['queued'] })
    const now = new Date()
    const since = new Date(now.getTime() - silentMs).toISOString()
    const alive = (await catalog.workers.list()).filter(({ seen_at }) => seen_at >= since)
    const checks: DoctorCheck[] = []
    if (schedules.length > 0 && !alive.some(({ roles }) => roles.includes('scheduler')))
      checks.push({
        id: 'schedule.alive',
        level: 'failed',
        message: `${counted(schedules.length, 'schedule')} enabled, and no process fires them.`,
        advice: `${start} Until then nothing is backed up by itself.`,
      })
    if (queued.length > 0 && !alive.some(({ roles }) => roles.includes('jobs')))
      checks.push({
        id: 'jobs.alive',
        level: 'failed',
        message: `${counted(queued.length, 'task')} queued, and no process works on them.`,
        advice: start,
      })
    for (const schedule of schedules) {
      const overdue = await overdueOf(background, schedule, now)
      if (overdue && overdue.lateMs > overdueMs)
        checks.push({
          id: 'schedule.overdue',
          level: 'failed',
          message: `"${schedule.name}" has been due since ${overdue.due.toISOString()} and was not begun.`,
          advice: `${start} It makes up for it with one run.`,
        })
    }
    if (checks.length > 0 || schedules.length + alive.length === 0) return checks
    return [
      {
        id: 'schedule.alive',
        level: 'ok',
        message: `${counted(alive.length, 'process works', 'processes work')} on tasks and schedules; nothing is overdue.`,
      },
    ]
  },
}

const start = 'Start the application, or a worker.'
