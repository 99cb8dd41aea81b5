import { z } from 'zod'
import { maskingPolicySchema } from '../masking/policy.ts'
import { dataMigrationsOption, validatorsOption } from './copy-steps.ts'
import { inspectorsOption } from './inspector-option.ts'
import { databaseLabel } from './names.ts'

/** A database that is refreshed from backups of another one, such as staging. */
export const targetOption = z.strictObject({
  /** The database that is replaced by each refresh, on any server: `postgresql://user:password@host:5432/shop_staging`. */
  url: z.string().min(1),
  /** Label of the database whose backups it gets, where several are configured. */
  database: databaseLabel.optional(),
  /** `false`, said by name: the target holds production data as it is. Default: masked, and refused without a policy. */
  masked: z.boolean().default(true),
  /** A masking policy of its own. Default: the option `masking`. */
  masking: maskingPolicySchema.optional(),
  /** `schema.table`, or tables of the schema public, whose rows stay in the target. */
  carryOver: z.array(z.string().min(1).max(200)).max(1000).default([]),
  /** How the target's own code migrates. Default: the option `migrations`. `[]`: not at all. */
  migrations: inspectorsOption.optional(),
  /** Checks of the copy before it takes the target's place. Default: none. */
  validators: validatorsOption.default([]),
  /** Changes to the copy, as to set passwords. Default: none. */
  dataMigrations: dataMigrationsOption.default([]),
  /** How long the replaced database is kept, in days; `discard` drops it at once. */
  keepReplacedDays: z.union([z.number().int().min(1).max(3650), z.literal('discard')]).default(1),
  /** As of a restore; for servers that lack roles or tablespaces of the backup's. */
  roleMap: z.record(z.string(), z.string()).default({}),
  createRoles: z.boolean().default(false),
  noOwner: z.boolean().default(false),
  noPrivileges: z.boolean().default(false),
  noTablespaces: z.boolean().default(false),
  leaveOut: z.array(z.string().min(1).max(500)).max(1000).default([]),
})
export type TargetSettings = z.output<typeof targetOption>
