import { z } from 'zod'
import type { RestoreRequest } from '../../engine/restores.ts'
import { restoreStrategies } from '../../restore/options.ts'
import { backupReference, databaseLabel, local } from '../inputs.ts'

const names = z.array(z.string().min(1).max(500)).max(1000).optional()
const flag = z.boolean().default(false)

/** What may be said of a restore, when it is planned and when it is run. */
export const restoreInput = z.strictObject({
  backup: backupReference,
  strategy: z
    .enum(restoreStrategies)
    .default('swap')
    .describe(
      'swap: beside the live database, then renamed. new-database: nothing is replaced. in-place: in one transaction. media: the media folders alone.',
    ),
  targetDatabase: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe(
      'The database to make (new-database) or to replace. Over HTTP only what the host listed in `restoreTargets`.',
    ),
  restoreMedia: flag.describe('Also the media folders, where the backup has some.'),
  mediaTarget: local(
    z
      .union([z.string().min(1), z.record(z.string(), z.string())])
      .optional()
      .describe('Where the media go: a folder, or folders by name. Default: the configured folders.'),
  ),
  runMigrations: z.boolean().default(true).describe('Run the migrations that the backup lacks on the copy.'),
  safetyBackup: z.boolean().default(true).describe('Off: what is replaced is not backed up first.'),
  overrides: z
    .array(z.string().max(100))
    .max(50)
    .default([])
    .describe('Refusals to go past, by the name the plan gives them.'),
  roleMap: z
    .record(z.string(), z.string())
    .default({})
    .describe('Roles of the backup, and the roles that stand for them.'),
  createRoles: flag.describe('Create roles that are missing, without login.'),
  noOwner: flag.describe('Everything belongs to the restoring role.'),
  noPrivileges: flag.describe('Leave out grants.'),
  noTablespaces: flag.describe('Leave out tablespaces.'),
  intoOther: flag.describe(
    'The database to replace is not the one the backup was made of, and that is meant. Over HTTP only where the host listed it.',
  ),
  leaveOut: names.describe(
    'Objects that are not restored, by name, or all of a kind: extensions, publications, event-triggers, default-privileges, comments.',
  ),
  notValid: names.describe('Foreign keys and CHECK constraints (schema.table.constraint) that are made NOT VALID.'),
  unpopulated: names.describe('Materialized views (schema.view) that are left without rows.'),
  runCarried: z
    .string()
    .regex(/^[0-9a-f]{12,64}$/, 'the hash of the carried down steps, 12 digits of it at least')
    .optional()
    .describe(
      'Run the down steps that the backup carries, on the copy: the hash that the plan gives for them. For a backup that is ahead of the code.',
    ),
  masked: flag.describe(
    'By the masking policy of the host, into a new database: no value that is masked ever gets there.',
  ),
  schemaFrom: backupReference
    .optional()
    .describe(
      'Of an imported backup load the rows alone, into the definitions of this backup of a database; nothing of the file is run.',
    ),
  lossTimeoutMs: z
    .number()
    .int()
    .min(0)
    .max(3_600_000)
    .default(15_000)
    .describe('How long the plan may count what would be lost, in milliseconds. 0: not at all.'),
  database: databaseLabel,
})

type Asked = z.output<typeof restoreInput>

/** The same, as the engine's rooms take it. Of a backup without media the plan says that it has none. */
export function restoreRequest({
  backup: _,
  restoreMedia,
  mediaTarget,
  runMigrations,
  lossTimeoutMs: _limit,
  masked,
  runCarried,
  schemaFrom,
  ...rest
}: Asked): RestoreRequest {
  const media = mediaTarget ?? (restoreMedia ? (true as const) : undefined)
  return {
    ...rest,
    ...(masked ? { masked } : {}),
    ...(runCarried === undefined ? {} : { runCarried }),
    ...(schemaFrom === undefined ? {} : { schemaFrom }),
    migrate: runMigrations,
    ...(media === undefined ? {} : { mediaTarget: media }),
  }
}
