import { z } from 'zod'
import { scheduleSchema } from '../../catalog/records.ts'
import { type ListedSchedule, listSchedules as readSchedules } from '../../engine/background/schedules.ts'
import { runTimeConfigPatchSchema } from '../../policy/run-time-config.ts'
import { action } from '../action.ts'

const { shape } = runTimeConfigPatchSchema

export const listSchedules = action({
  name: 'schedules.list',
  summary: 'Lists what runs by itself, and when it runs next. Changes of the run-time settings can be tried.',
  permission: 'schedule:read',
  kind: 'read',
  input: z.strictObject({
    count: z.number().int().min(1).max(100).default(10).describe('How many runs ahead.'),
    autoBackupEnabled: shape.auto_backup_enabled.describe('Tried in place of the setting.'),
    autoBackupHour: shape.auto_backup_hour.describe('Tried in place of the setting.'),
    autoBackupCron: z.string().max(200).optional().describe('Tried in place of the setting; empty: by the hour.'),
    autoBackupJitterMinutes: shape.auto_backup_jitter_minutes.describe('Tried in place of the setting.'),
    timeZone: z.string().max(100).optional().describe("Tried in place of the setting; empty: the server's own."),
  }),
  result: z.array(scheduleSchema),
  http: {
    method: 'GET',
    path: 'schedule',
    answer: z.object({ results: z.array(scheduleSchema) }),
    present: (results: ListedSchedule[]) => ({ results }),
  },
  command: { name: 'schedule', examples: ['lifeboat schedule', 'lifeboat schedule --count 30 --json'] },
  page: 'repository',
  async run(context, asked) {
    const trial = {
      ...(asked.autoBackupEnabled === undefined ? {} : { auto_backup_enabled: asked.autoBackupEnabled }),
      ...(asked.autoBackupHour === undefined ? {} : { auto_backup_hour: asked.autoBackupHour }),
      ...(asked.autoBackupCron === undefined ? {} : { auto_backup_cron: asked.autoBackupCron || null }),
      ...(asked.autoBackupJitterMinutes === undefined
        ? {}
        : { auto_backup_jitter_minutes: asked.autoBackupJitterMinutes }),
      ...(asked.timeZone === undefined ? {} : { time_zone: asked.timeZone || null }),
    }
    return readSchedules(await context.background(), { count: asked.count, trial })
  },
})
