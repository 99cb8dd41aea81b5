import { z } from 'zod'
import { runTimeConfigPatchSchema } from '../policy/run-time-config.ts'
import { encryptionOption } from './key-option.ts'
import { storageOption } from './storage-option.ts'

/** A replica repository. */
export const replicaOption = z.strictObject({
  /** For people, commands and jobs. */
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'small letters, digits, _ and -'),
  /** A path, a URL, or a Storage of your own. A folder has to be there: only `lifeboat copy NAME` makes it. */
  repository: storageOption,
  /** A key of its own, used when the copy is made. Default: it opens with the keys of the repository. */
  encryption: encryptionOption.optional(),
  /** What it keeps; names and meaning as at run time. Default: everything, for ever. */
  retention: runTimeConfigPatchSchema
    .pick({
      ...{ max_backups: true, retention_days: true, safety_backup_days: true },
      ...{ keep_hourly: true, keep_daily: true, keep_weekly: true, keep_monthly: true, keep_yearly: true },
    })
    .optional(),
})
