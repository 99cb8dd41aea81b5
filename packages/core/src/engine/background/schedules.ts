import type { JobAction } from '../../actions/job-kinds.ts'
import { parseInput } from '../../actions/run-action.ts'
import { fromWire } from '../../actions/wire.ts'
import type { Json, ScheduleRow } from '../../catalog/catalog.ts'
import { EngineError } from '../../errors.ts'
import { cronProblem, nextRuns, type Schedule } from '../../jobs/schedule.ts'
import { localTimeZone } from '../../policy/calendar.ts'
import type { RunTimeConfig, RunTimeConfigPatch } from '../../policy/run-time-config.ts'
import { type Background, labelOf } from './core.ts'
import { checkedPatch, scheduleOf, scrubScheduleOf } from './run-time-settings.ts'

/** A schedule with the kind of job that it asks for. */
export interface PlannedJob extends Schedule {
  kind: string
  /** Label; null: the repository as a whole. */
  database: string | null
  /** What the job is asked for, in the words of the wire. */
  input: Json
  /** Made from the run-time settings, and changed there. */
  bySettings: boolean
}

/** A schedule as lists show it. */
export interface ListedSchedule {
  name: string
  kind: string
  database: string | null
  enabled: boolean
  cron: string
  time_zone: string
  jitter_minutes: number
  input: Json
  by_settings: boolean
  include_media?: boolean
  media_only?: boolean
  type?: string
  next_runs: string[]
}

/** All schedules: what the run-time settings say (`auto_backup_*`, `scrub_*`), and the rows that were added. */
export async function plannedJobs(
  { catalog, config, parts }: Background,
  trial: RunTimeConfigPatch = {},
): Promise<PlannedJob[]> {
  const settings = { ...(await config.read()), ...checkedPatch(trial) }
  const rows = await catalog.schedule.list()
  return [
    ...parts.labels().map((label) => automaticBackup(settings, label)),
    automaticScrub(settings),
    ...rows.map((row) => plannedRow(row, settings)),
  ]
}

/** Those that are enabled. Where there is none, nothing asks for a time zone: to know them takes 8 MB of a process. */
export async function enabledJobs({ catalog, config, parts }: Background): Promise<PlannedJob[]> {
  const settings = await config.read()
  const rows = (await catalog.schedule.list()).filter(({ enabled }) => enabled)
  return [
    ...(settings.auto_backup_enabled ? parts.labels().map((label) => automaticBackup(settings, label)) : []),
    ...(settings.scrub_days > 0 ? [automaticScrub(settings)] : []),
    ...rows.map((row) => plannedRow(row, settings)),
  ]
}

function automaticScrub(settings: RunTimeConfig): PlannedJob {
  return { ...scrubScheduleOf(settings), kind: 'scrub', database: null, input: {}, bySettings: true }
}

function automaticBackup(settings: RunTimeConfig, label: string): PlannedJob {
  const input = { include_media: settings.auto_backup_include_media, type: settings.auto_backup_type }
  return { ...scheduleOf(settings, label), kind: 'backup', database: label, input, bySettings: true }
}

function plannedRow(row: ScheduleRow, settings: RunTimeConfig): PlannedJob {
  const { name, kind, database, cron, enabled, input } = row
  const timeZone = row.time_zone ?? settings.time_zone ?? localTimeZone()
  return { name, kind, database, cron, enabled, input, timeZone, jitterMinutes: row.jitter_minutes, bySettings: false }
}

export async function listSchedules(
  background: Background,
  { count, trial }: { count: number; trial: RunTimeConfigPatch },
): Promise<ListedSchedule[]> {
  return (await plannedJobs(background, trial)).map((planned) => listed(planned, count))
}

function listed(planned: PlannedJob, count: number): ListedSchedule {
  const { name, kind, database, enabled, cron, timeZone, jitterMinutes, input, bySettings } = planned
  return {
    ...{ name, kind, database, enabled, cron, time_zone: timeZone, jitter_minutes: jitterMinutes, input },
    by_settings: bySettings,
    ...(kind === 'backup'
      ? {
          include_media: input.include_media === true,
          media_only: input.media_only === true,
          type: String(input.type ?? 'incremental'),
        }
      : {}),
    next_runs: nextRuns(planned, count, new Date()).map((moment) => moment.toISOString()),
  }
}

/** Adds or replaces a schedule. `CONFIG_INVALID` for a time that never comes, an unknown kind, or an input that does not fit. */
export async function saveSchedule(
  background: Background,
  kinds: ReadonlyMap<string, JobAction>,
  asked: {
    name: string
    kind: string
    cron: string
    timeZone: string | null
    jitterMinutes: number
    enabled: boolean
    input: Json
    database?: string | undefined
    by: string
  },
): Promise<ListedSchedule> {
  const { catalog, config, parts } = background
  const { name, kind, cron, enabled, input } = asked
  const problem = cronProblem(cron)
  if (problem) throw new EngineError('CONFIG_INVALID', `cron: ${problem}`)
  const action = kinds.get(kind)
  if (!action)
    throw new EngineError('CONFIG_INVALID', `There is no kind of job "${kind}".`, {
      advice: `One of: ${[...kinds.keys()].join(', ')}.`,
    })
  if (action.confirm !== undefined || ['undo', 'discard'].includes(kind))
    throw new EngineError('CONFIG_INVALID', `A ${kind} is confirmed by people and does not run by itself.`)
  if ((await plannedJobs(background)).some((one) => one.bySettings && one.name === name))
    throw new EngineError('CONFIG_INVALID', `The schedule "${name}" is made from the run-time settings.`, {
      advice: 'Change `auto_backup_*` or `scrub_*`.',
    })
  const database = asked.database === undefined ? null : labelOf(parts, asked.database)
  parseInput(action, jobInput(action, input, database))
  const row: ScheduleRow = {
    ...{ name, kind, database, cron, enabled, input, time_zone: asked.timeZone, jitter_minutes: asked.jitterMinutes },
    ...{ changed_by: asked.by, changed_at: new Date().toISOString() },
  }
  await catalog.schedule.put(row)
  return listed(plannedRow(row, await config.read()), 10)
}

/** What the action is asked for at each slot. A verification that names no backup is of the newest one. */
export function jobInput(action: JobAction, input: Json, database: string | null): Json {
  const asked = fromWire(action.input, input)
  return {
    ...(Object.hasOwn(action.input.shape, 'database') && database !== null ? { database } : {}),
    ...(action.subject === 'backup' && asked.backup === undefined ? { backup: 'latest', ...action.job.scheduled } : {}),
    ...asked,
  }
}
