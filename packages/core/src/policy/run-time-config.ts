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
    /** Where backups are kept. Over HTTP only a place the host listed. */
    backup_directory: z.string().min(1).max(4096),
    /** Newest good backups kept per database. */
    max_backups: limit(100_000),
    /** Days after which a backup goes. */
    retention_days: limit(36_500),
    keep_hourly: limit(10_000),
    keep_daily: limit(10_000),
    keep_weekly: limit(10_000),
    keep_monthly: limit(10_000),
    keep_yearly: limit(10_000),
    /** Days a pre-restore safety backup is kept, outside the counts. */
    safety_backup_days: limit(36_500),
    /** false stores new chunks uncompressed. */
    use_compression: z.boolean(),
    /** Lay the standard files (dump, media) of each backup into a folder; they go when the backup goes. */
    export_after_backup: z.boolean(),
    auto_backup_enabled: z.boolean(),
    /** In `time_zone`. */
    auto_backup_hour: z.number().int().min(0).max(23),
    /** Five fields; goes before the hour. */
    auto_backup_cron: z.string().max(200).nullable(),
    auto_backup_include_media: z.boolean(),
    auto_backup_type: z.enum(['full', 'incremental', 'differential']),
    /** Automatic backups begin up to this many minutes late, spread evenly. */
    auto_backup_jitter_minutes: z.number().int().min(0).max(720),
    /** Everything stored is read again once in so many days, a share of it each day; 0 is never. */
    scrub_days: limit(3650),
    /** In `time_zone`. */
    scrub_hour: z.number().int().min(0).max(23),
    /** What a scrub finds damaged is repaired from the copies. */
    scrub_repair: z.boolean(),
    /** IANA name; null is the server's own zone. */
    time_zone: z.string().max(100).refine(isTimeZone, 'not a time zone').nullable(),
  })
  .partial()
export type RunTimeConfigPatch = z.output<typeof runTimeConfigPatchSchema>
export type RunTimeConfig = Required<RunTimeConfigPatch>

export const runTimeConfigSchema = runTimeConfigPatchSchema.required()

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
