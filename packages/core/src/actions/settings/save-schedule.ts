import { z } from 'zod'
import { scheduleSchema } from '../../catalog/records.ts'
import { saveSchedule as save } from '../../engine/background/schedules.ts'
import { isTimeZone } from '../../policy/calendar.ts'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'
import { jobKinds } from '../job-kinds.ts'
import { permit } from '../run-action.ts'

export const saveSchedule = action({
  name: 'schedules.save',
  summary: 'Adds a schedule, or replaces the one of this name: any kind of job, several per database.',
  permission: 'config:write',
  kind: 'change',
  subject: 'name',
  input: z.strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_.-]{0,62}$/, 'small letters, digits, _ . and -')
      .describe('Name of the schedule.'),
    kind: z.string().max(100).describe('Kind of job: backup, verify, drill, scrub, prune, copy, ...'),
    cron: z.string().max(200).describe('Minute, hour, day of month, month, day of week.'),
    timeZone: z
      .string()
      .max(100)
      .refine(isTimeZone, 'not a time zone')
      .nullable()
      .default(null)
      .describe('IANA name. Default: as in the run-time settings.'),
    jitterMinutes: z.number().int().min(0).max(720).default(0).describe('Runs begin up to so many minutes late.'),
    enabled: z.boolean().default(true).describe('Off: it is kept, but does not run.'),
    input: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('What the job is asked for, in the words of the API.'),
    database: databaseLabel,
  }),
  result: scheduleSchema,
  http: { method: 'POST', path: 'schedule/:name' },
  command: {
    name: 'schedule-save',
    examples: ['lifeboat schedule-save weekly-check --kind check --cron "0 5 * * 0" --input read_data=true'],
  },
  page: 'repository',
  async run(context, asked) {
    context.about = asked.name
    const kinds = await jobKinds()
    const action = kinds.get(asked.kind)
    // It runs by the schedule, which is asked for no permission.
    if (action) permit(action, context.caller)
    return save(await context.background(), kinds, { ...asked, by: context.caller.actor.id })
  },
})
