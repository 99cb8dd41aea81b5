import type { Config } from '../../api/records.ts'
import type { Plain } from '../../texts/texts.ts'

type NumberField = readonly [name: keyof Config, label: Plain, hint: Plain]

/** What a backup goes by. Bounds come from the server's own schema. */
export const limits = [
  ['max_backups', 'Newest backups', 'Beyond them the oldest go. 0: no limit.'],
  ['retention_days', 'Days', 'Older ones go. 0: no limit.'],
  ['safety_backup_days', 'Days for safety backups', 'Those made before restores. 0: for ever.'],
] as const satisfies readonly NumberField[]

/** What a backup stays by, whatever the limits say. */
export const periods = [
  ['keep_hourly', 'Hourly', 'hours'],
  ['keep_daily', 'Daily', 'days'],
  ['keep_weekly', 'Weekly', 'weeks'],
  ['keep_monthly', 'Monthly', 'months'],
  ['keep_yearly', 'Yearly', 'years'],
] as const satisfies readonly NumberField[]

export type RetentionField = (typeof limits)[number][0] | (typeof periods)[number][0]
