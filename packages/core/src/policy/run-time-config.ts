import { z } from 'zod'
import { isTimeZone } from './calendar.ts'

/** A count where 0 means there is no limit. */
const limit = (most: number) => z.number().int().min(0).max(most)

/**
 * What can be changed while the engine runs. Names and meaning are those of the HTTP contract. Options in code are the
 * base; what was changed is stored in the catalog and goes over it. Any part may be given; unknown names are refused.
 */
export const runTimeConfigPatchSchema = z
  .strictObject({
    backup_directory: z.string().min(1).max(4096).describe('Where backups are kept: shown, and changed in code.'),
    max_backups: limit(100_000).describe('Newest good backups kept per database.'),
    retention_days: limit(36_500).describe('Days after which a backup goes.'),
    keep_hourly: limit(10_000).describe('Hours of which the newest backup is kept.'),
    keep_daily: limit(10_000).describe('Days of which the newest backup is kept.'),
    keep_weekly: limit(10_000).describe('Weeks of which the newest backup is kept.'),
    keep_monthly: limit(10_000).describe('Months of which the newest backup is kept.'),
    keep_yearly: limit(10_000).describe('Years of which the newest backup is kept.'),
    safety_backup_days: limit(36_500).describe('Days a pre-restore safety backup is kept, outside the counts.'),
    use_compression: z.boolean().describe('false stores new chunks uncompressed.'),
    export_after_backup: z
      .boolean()
      .describe('Write the standard files (dump, media) of each backup into a folder; they go when the backup goes.'),
    auto_backup_enabled: z.boolean().describe('Backups by schedule.'),
    auto_backup_hour: z.number().int().min(0).max(23).describe('The hour of the day, in `time_zone`.'),
    auto_backup_cron: z.string().max(200).describe('Five fields; goes before the hour.').nullable(),
    auto_backup_include_media: z.boolean().describe('Backups by schedule hold the media folders too.'),
    auto_backup_type: z
      .enum(['full', 'incremental', 'differential'])
      .describe('What backups by schedule compare with. Each restores alone.'),
    auto_backup_jitter_minutes: z
      .number()
      .int()
      .min(0)
      .max(720)
      .describe('Backups by schedule begin up to this many minutes late, spread evenly.'),
    scrub_days: limit(3650).describe(
      'Everything stored is read again once in so many days, a share of it each day; 0 is never.',
    ),
    scrub_hour: z.number().int().min(0).max(23).describe('The hour of the day for it, in `time_zone`.'),
    scrub_repair: z.boolean().describe('What a scrub finds damaged is repaired from the copies.'),
    time_zone: z
      .string()
      .max(100)
      .refine(isTimeZone, 'not a time zone')
      .describe("IANA name; null is the server's own zone.")
      .nullable(),
  })
  .partial()
export type RunTimeConfigPatch = z.output<typeof runTimeConfigPatchSchema>
export type RunTimeConfig = Required<RunTimeConfigPatch>

export const runTimeConfigSchema = runTimeConfigPatchSchema.required()

const { shape } = runTimeConfigPatchSchema
const emptyIsNone = '; empty is none, whatever the code says'

/** What a change may say: null gives a part back to the value that the code has for it. */
export const runTimeConfigChangeSchema = z.strictObject({
  ...(Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, nullable(field)])) as {
    [Name in keyof typeof shape]: z.ZodNullable<(typeof shape)[Name]>
  }),
  auto_backup_cron: shape.auto_backup_cron.describe(`Five fields; goes before the hour${emptyIsNone}.`),
  time_zone: z
    .string()
    .max(100)
    .refine((zone) => zone === '' || isTimeZone(zone), 'not a time zone')
    .nullish()
    .describe(`IANA name${emptyIsNone}: the server's own zone.`),
})
/** What `PATCH config/` takes: what is left out stays, null goes back to the default. */
export type RunTimeConfigChange = z.output<typeof runTimeConfigChangeSchema>

function nullable(field: z.ZodType): z.ZodType {
  const described = field.nullable()
  return field.description === undefined ? described : described.describe(field.description)
}

export const defaultRunTimeConfig: RunTimeConfig = {
  backup_directory: '/app/backups',
  max_backups: 10,
  retention_days: 30,
  keep_hourly: 0,
  keep_daily: 0,
  keep_weekly: 0,
  keep_monthly: 0,
  keep_yearly: 0,
  safety_backup_days: 7,
  use_compression: true,
  export_after_backup: false,
  auto_backup_enabled: false,
  auto_backup_hour: 2,
  auto_backup_cron: null,
  auto_backup_include_media: false,
  auto_backup_type: 'incremental',
  auto_backup_jitter_minutes: 0,
  scrub_days: 0,
  scrub_hour: 4,
  scrub_repair: false,
  time_zone: null,
}
