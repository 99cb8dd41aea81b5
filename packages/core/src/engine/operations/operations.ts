import { hostname } from 'node:os'
import { isoTime, systemClock } from '../../jobs/clock.ts'
import { randomId } from '../../jobs/job-id.ts'
import { nextRuns } from '../../jobs/schedule.ts'
import type { Scheduler } from '../../jobs/scheduler.ts'
import { newBackupId } from '../../repository/backup-id.ts'
import { loadRooms } from '../load-rooms.ts'
import type { Operations, ScheduleOperations } from '../operations-type.ts'
import { adopt } from './adopt.ts'
import { createAuditOperations } from './audit.ts'
import { createBackupOperations } from './backups.ts'
import { type Background, type EngineCore, once } from './core.ts'
import { createRestoreOperations } from './restores.ts'
import { createMaintenanceOperations } from './retention.ts'
import { checkedPatch, scheduleOf, scrubScheduleOf } from './run-time-settings.ts'
import { readStatistics } from './statistics.ts'
import { createStorageOperations } from './storage.ts'
import { createTaskOperations } from './tasks.ts'
import { createCopyOperations, scheduledScrub } from './upkeep.ts'

/** Ended jobs and their logs are kept this long. */
const historyMs = 400 * 86_400_000

/** The engine's background. The catalog is opened when it is first needed; nothing runs before `start`. */
export function createOperations(core: EngineCore): Operations {
  const clock = systemClock
  const worker = randomId('w')
  const stopping = new AbortController()
  const opening = once(async (): Promise<Background> => {
    const { openBackground } = await import('./open-background.ts')
    return openBackground(core, { background: opening.get, clock, worker })
  })
  const background = opening.get
  const audit = createAuditOperations(background)
  const started = once(async () => {
    const ready = await background()
    const scheduler = await newScheduler(ready)
    await ready.catalog.jobs.forget(isoTime(clock.now() - historyMs))
    await ready.jobs.start()
    scheduler.start()
    loadRooms(stopping.signal).catch(() => {})
    return scheduler
  })

  async function newScheduler({ catalog, jobs, config, parts }: Background): Promise<Scheduler> {
    const { createScheduler } = await import('../../jobs/scheduler.ts')
    const began = isoTime(clock.now())
    return createScheduler({
      catalog,
      clock,
      worker,
      async schedules() {
        const seen = isoTime(clock.now())
        await catalog.workers.beat({
          ...{ id: worker, host: hostname(), pid: process.pid, roles: ['jobs', 'scheduler'] },
          ...{ started_at: began, seen_at: seen },
        })
        await catalog.workers.forget(isoTime(clock.now() - 600_000))
        const settings = await config.read()
        const backups = parts.labels().map((label) => ({ ...scheduleOf(settings, label), label, settings }))
        return [...backups, { ...scrubScheduleOf(settings), label: null, settings }]
      },
      job(schedule, slot, lateMs) {
        const { label, settings } = schedule
        if (label === null) return jobs.newJob(scheduledScrub(parts))
        return jobs.newJob({
          kind: 'backup',
          database: label,
          writer: label,
          subjectId: newBackupId(),
          trigger: 'schedule',
          createdBy: 'scheduler',
          input: {
            name: `Automatic backup ${slot.toISOString().slice(0, 16).replace('T', ' ')}`,
            include_media: settings.auto_backup_include_media,
            type: settings.auto_backup_type,
            slot: slot.toISOString(),
            late_ms: lateMs,
          },
        })
      },
      async onFired(job) {
        await jobs.notice(job)
        await audit.append({
          ...{ actor: 'scheduler', address: null, subject: job.subject_id },
          action: job.kind === 'backup' ? 'backups.create' : `maintenance.${job.kind}`,
          ...{ outcome: 'allowed', detail: { task_id: job.id } },
        })
      },
      // The next look makes up for it.
      onError: (error) => process.emitWarning(error instanceof Error ? error : String(error)),
    })
  }

  const schedule: ScheduleOperations = {
    async list({ count = 10, trial = {} } = {}) {
      const { config, parts } = await background()
      const settings = { ...(await config.read()), ...checkedPatch(trial) }
      return parts.labels().map((label) => {
        const one = scheduleOf(settings, label)
        return {
          name: one.name,
          database: label,
          enabled: one.enabled,
          cron: one.cron,
          time_zone: one.timeZone,
          jitter_minutes: one.jitterMinutes,
          include_media: settings.auto_backup_include_media,
          type: settings.auto_backup_type,
          next_runs: nextRuns(one, count, new Date(clock.now())).map((moment) => moment.toISOString()),
        }
      })
    },
  }
  const backups = createBackupOperations(background)
  return {
    async start() {
      await started.get()
    },
    stop: once(async () => {
      stopping.abort()
      const scheduler = await started.opened()?.catch(() => undefined)
      await scheduler?.stop()
      const ready = await opening.opened()?.catch(() => undefined)
      if (!ready) return
      await ready.jobs.stop()
      await ready.catalog.workers.remove(worker)
      await ready.catalog.close()
    }).get,
    backups,
    restores: createRestoreOperations(background, backups),
    maintenance: createMaintenanceOperations(background),
    copies: createCopyOperations(background),
    storage: createStorageOperations(background),
    tasks: createTaskOperations(background),
    config: {
      read: async () => (await background()).config.read(),
      change: async (patch, caller) => (await background()).config.change(patch, caller),
    },
    schedule,
    audit,
    adopt: async (caller) => adopt(await background(), caller),
    statistics: async (options = {}) => readStatistics(await background(), options),
    stopping: stopping.signal,
  }
}
