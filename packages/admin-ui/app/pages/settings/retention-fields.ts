import type { Config } from '../../api/records.ts'

/** The numbers that say what is kept. Their bounds come from the server's own schema. */
export const retentionFields = [
  ['max_backups', 'Newest backups', '0: no limit. Beyond it, the oldest go.'],
  ['retention_days', 'Days', '0: no limit. Older ones go.'],
  ['keep_hourly', 'One for each of the last hours', '0: none for that reason.'],
  ['keep_daily', 'One for each of the last days', null],
  ['keep_weekly', 'One for each of the last weeks', null],
  ['keep_monthly', 'One for each of the last months', null],
  ['keep_yearly', 'One for each of the last years', null],
] as const satisfies readonly (readonly [keyof Config, string, string | null])[]

export type RetentionField = (typeof retentionFields)[number][0]
