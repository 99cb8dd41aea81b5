import { z } from 'zod'
import { runTimeConfigPatchSchema, runTimeConfigSchema } from '../../policy/run-time-config.ts'
import { HttpProblem } from '../problem.ts'
import { route } from '../route.ts'
import { ofDatabase, startedSchema } from '../schemas.ts'

const readConfig = route({
  method: 'GET',
  path: 'config',
  permission: 'config:read',
  summary: 'The configuration that holds now.',
  answers: { status: 200, schema: runTimeConfigSchema },
  handle: async ({ engine }) => ({ body: await engine.operations.config.read() }),
})

const changeConfig = route({
  method: 'POST',
  path: 'config',
  permission: 'config:write',
  audit: 'config.change',
  summary: 'Changes parts of the configuration, without a restart.',
  body: runTimeConfigPatchSchema,
  answers: { status: 200, schema: runTimeConfigSchema },
  async handle({ engine, settings, actor, body }) {
    const directory = body.backup_directory
    const present = (await engine.operations.config.read()).backup_directory
    if (directory !== undefined && directory !== present && !settings.backupDirectories.includes(directory))
      throw new HttpProblem(403, 'directory_not_listed', 'The host has not listed this place for backups.', {
        extra: { advice: 'Add it to `backupDirectories` in code.' },
      })
    return { body: await engine.operations.config.change(body, { by: actor.id }) }
  },
})

const schedule = route({
  method: 'GET',
  path: 'schedule',
  permission: 'schedule:read',
  summary: 'The automatic backups and when they run next. Changes can be tried by the query.',
  query: z.object({
    count: z.coerce.number().int().min(1).max(100).default(10),
    auto_backup_enabled: z.enum(['true', 'false']).optional(),
    auto_backup_hour: z.coerce.number().int().min(0).max(23).optional(),
    auto_backup_cron: z.string().max(200).optional().describe('Empty: by the hour.'),
    auto_backup_jitter_minutes: z.coerce.number().int().min(0).max(720).optional(),
    time_zone: z.string().max(100).optional().describe("Empty: the server's own."),
  }),
  answers: { status: 200, schema: z.object({ results: z.array(z.looseObject({ name: z.string() })) }) },
  async handle({ engine, query: { count, auto_backup_enabled: enabled, auto_backup_cron, time_zone, ...rest } }) {
    const trial = {
      ...rest,
      ...(enabled === undefined ? {} : { auto_backup_enabled: enabled === 'true' }),
      ...(auto_backup_cron === undefined ? {} : { auto_backup_cron: auto_backup_cron || null }),
      ...(time_zone === undefined ? {} : { time_zone: time_zone || null }),
    }
    return { body: { results: await engine.operations.schedule.list({ count, trial: defined(trial) }) } }
  },
})

const retention = route({
  method: 'GET',
  path: 'retention',
  permission: 'backups:read',
  summary: 'What retention would do with each backup now, and why. Policies can be tried by the query.',
  query: ofDatabase.extend({
    max_backups: z.coerce.number().int().min(0).optional(),
    retention_days: z.coerce.number().int().min(0).optional(),
    keep_hourly: z.coerce.number().int().min(0).optional(),
    keep_daily: z.coerce.number().int().min(0).optional(),
    keep_weekly: z.coerce.number().int().min(0).optional(),
    keep_monthly: z.coerce.number().int().min(0).optional(),
    keep_yearly: z.coerce.number().int().min(0).optional(),
  }),
  answers: { status: 200 },
  async handle({ engine, query }) {
    const policy = {
      newest: query.max_backups,
      days: query.retention_days,
      hourly: query.keep_hourly,
      daily: query.keep_daily,
      weekly: query.keep_weekly,
      monthly: query.keep_monthly,
      yearly: query.keep_yearly,
    }
    return { body: await engine.operations.maintenance.preview({ database: query.database, policy: defined(policy) }) }
  },
})

const defined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Partial<T>

const forget = route({
  method: 'POST',
  path: 'retention/run',
  permission: 'backups:delete',
  audit: 'retention.run',
  summary: 'Lets retention drop now what it may, and frees the space.',
  query: ofDatabase,
  answers: { status: 202, schema: startedSchema },
  handle: async ({ engine, actor, query }) => ({
    status: 202,
    body: await engine.operations.maintenance.forget({ ...query, by: actor.id, trigger: 'api' }),
  }),
})

const prune = route({
  method: 'POST',
  path: 'prune',
  permission: 'maintenance:run',
  audit: 'maintenance.prune',
  summary: 'Frees the space of what no backup needs any more.',
  answers: { status: 202, schema: startedSchema },
  handle: async ({ engine, actor }) => ({
    status: 202,
    body: await engine.operations.maintenance.prune({ by: actor.id, trigger: 'api' }),
  }),
})

const statistics = route({
  method: 'GET',
  path: 'statistics',
  permission: 'status:read',
  summary: 'Success rate, sizes and durations.',
  query: ofDatabase,
  answers: { status: 200 },
  handle: async ({ engine, query }) => ({ body: await engine.operations.statistics(query) }),
})

const status = route({
  method: 'GET',
  path: 'status',
  permission: 'status:read',
  summary: 'Is the last backup good? In one line.',
  query: ofDatabase,
  answers: { status: 200 },
  handle: async ({ engine, query, signal }) => ({ body: await engine.status({ ...query, signal }) }),
})

const health = route({
  method: 'GET',
  path: 'health',
  permission: 'status:read',
  summary: 'For monitors: 200 when the last backup of every database is good, else 503.',
  answers: { status: 200 },
  async handle({ engine, signal }) {
    const reports = await Promise.all(engine.databases().map((database) => engine.status({ database, signal })))
    const failed = reports.filter(({ level }) => level === 'failed')
    return {
      status: failed.length > 0 ? 503 : 200,
      body: {
        status: failed.length > 0 ? 'failed' : 'ok',
        paused: await engine.operations.tasks.isPaused(),
        databases: reports.map(({ database, level, message }) => ({ database, level, message })),
      },
    }
  },
})

const doctor = route({
  method: 'GET',
  path: 'doctor',
  permission: 'status:read',
  summary: 'Looks at everything a backup and a restore need.',
  query: ofDatabase,
  answers: { status: 200 },
  handle: async ({ engine, query, signal }) => ({ body: await engine.doctor({ ...query, signal }) }),
})

const audit = route({
  method: 'GET',
  path: 'audit',
  permission: 'audit:read',
  summary: 'Who did what, newest first, and whether the chain of events is unbroken.',
  query: z.object({
    actor: z.string().max(200).optional(),
    action: z.string().max(100).optional(),
    subject: z.string().max(200).optional(),
    limit: z.coerce.number().int().min(1).max(1000).default(100),
    offset: z.coerce.number().int().min(0).default(0),
  }),
  answers: { status: 200 },
  async handle({ engine, query }) {
    const { audit: log } = engine.operations
    return { body: { results: await log.list(query), chain: await log.check() } }
  },
})

export const systemRoutes = [
  ...[readConfig, changeConfig, schedule, retention, forget, prune],
  ...[statistics, status, health, doctor, audit],
]
