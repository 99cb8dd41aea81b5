import type { Catalog } from '../../catalog/catalog.ts'
import { EngineError } from '../../errors.ts'
import { cronProblem, dailyAt, type Schedule } from '../../jobs/schedule.ts'
import { localTimeZone } from '../../policy/calendar.ts'
import type { RetentionPolicy } from '../../policy/retention.ts'
import {
  defaultRunTimeConfig,
  type RunTimeConfig,
  type RunTimeConfigChange,
  type RunTimeConfigPatch,
  runTimeConfigPatchSchema,
} from '../../policy/run-time-config.ts'
import type { EngineParts } from '../parts.ts'

export interface RunTimeSettings {
  read(): Promise<RunTimeConfig>
  /** Validates, stores and applies; gives the whole. null gives a value back to the code. `CONFIG_INVALID`. */
  change(change: RunTimeConfigChange, how: { by: string }): Promise<RunTimeConfig>
}

/** Defaults, then the options in code, then what was changed at run time. */
export function createRunTimeSettings(parts: EngineParts, catalog: Catalog): RunTimeSettings {
  const base = { ...defaultRunTimeConfig, backup_directory: parts.storage.location, ...parts.settings.runTime }
  const read = async (): Promise<RunTimeConfig> => {
    const stored = Object.entries(await catalog.configuration.read()).filter(([name]) => Object.hasOwn(base, name))
    // Written by a version with other rules: what does not fit any more falls back to the base.
    const valid = stored.filter(([name, value]) => runTimeConfigPatchSchema.safeParse({ [name]: value }).success)
    return { ...base, ...Object.fromEntries(valid) }
  }
  return {
    read,
    async change(change, { by }) {
      const given = Object.entries(change).filter(([, value]) => value !== undefined)
      const back = given.filter(([, value]) => value === null).map(([name]) => [name, undefined])
      const kept = given.filter(([, value]) => value !== null)
      const parsed = checkedPatch(
        Object.fromEntries(kept.map(([name, value]) => [name, value === '' && mayBeNone.has(name) ? null : value])),
      )
      if (parsed.backup_directory !== undefined && parsed.backup_directory !== base.backup_directory)
        throw new EngineError('CONFIG_INVALID', 'The place of backups is changed in code, with a restart.', {
          advice: 'Set the option `repository` in code, then start again.',
        })
      const { backup_directory: _, ...changes } = parsed
      await catalog.configuration.write(
        { ...changes, ...Object.fromEntries(back) },
        { by, at: new Date().toISOString() },
      )
      return read()
    },
  }
}

const mayBeNone = new Set(['auto_backup_cron', 'time_zone'])

/** A patch whose parts are all valid. `CONFIG_INVALID`. */
export function checkedPatch(patch: RunTimeConfigPatch): RunTimeConfigPatch {
  const parsed = runTimeConfigPatchSchema.safeParse(patch)
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`)
    throw new EngineError('CONFIG_INVALID', `The configuration is not valid. ${issues.join('; ')}`, {
      detail: { issues },
    })
  }
  const problem = parsed.data.auto_backup_cron ? cronProblem(parsed.data.auto_backup_cron) : null
  if (problem) throw new EngineError('CONFIG_INVALID', `auto_backup_cron: ${problem}`)
  return parsed.data
}

export function retentionPolicyOf(config: RunTimeConfig): RetentionPolicy {
  return {
    newest: config.max_backups,
    days: config.retention_days,
    hourly: config.keep_hourly,
    daily: config.keep_daily,
    weekly: config.keep_weekly,
    monthly: config.keep_monthly,
    yearly: config.keep_yearly,
    safetyDays: config.safety_backup_days,
    timeZone: config.time_zone ?? localTimeZone(),
  }
}

/** Reading again, share by share, what is stored. */
export function scrubScheduleOf(config: RunTimeConfig): Schedule {
  return {
    name: 'scrub',
    enabled: config.scrub_days > 0,
    cron: dailyAt(config.scrub_hour),
    timeZone: config.time_zone ?? localTimeZone(),
    jitterMinutes: config.auto_backup_jitter_minutes,
  }
}

/** The automatic backup of a database. */
export function scheduleOf(config: RunTimeConfig, label: string): Schedule {
  return {
    name: `backup:${label}`,
    enabled: config.auto_backup_enabled,
    cron: config.auto_backup_cron ?? dailyAt(config.auto_backup_hour),
    timeZone: config.time_zone ?? localTimeZone(),
    jitterMinutes: config.auto_backup_jitter_minutes,
  }
}
