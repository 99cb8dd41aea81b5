import { z } from 'zod'
import { EngineError } from './errors.ts'
import type { HostQueue } from './jobs/host-queue.ts'
import { maskingPolicySchema } from './masking/policy.ts'
import type { MigrationInspector } from './migrations/inspector.ts'
import { notificationOptions } from './notifications/options.ts'
import { approvalOptions } from './policy/approvals/options.ts'
import { reminderIds } from './policy/reminder-ids.ts'
import { runTimeConfigPatchSchema } from './policy/run-time-config.ts'
import type { Storage } from './storage/storage.ts'

/**
 * The options of {@link createBackupEngine}, parsed once here: inside, every value is already right.
 *
 * Durations end in `Ms` (milliseconds), sizes in `Bytes`. Defaults are the safe ones.
 */
const mediaFolder = z.union([
  z.string().min(1),
  z.strictObject({
    /** Label within the backup; default: the folder's base name. */
    name: z
      .string()
      .regex(/^(?!\.{1,2}$)[^/\0]{1,100}$/, 'one name, without slashes')
      .optional(),
    path: z.string().min(1),
  }),
])

const resources = z
  .strictObject({
    /** Connections that read rows, each with a worker thread of its own. 2 suffice for 2 cores. */
    connections: z.number().int().min(1).max(32).default(2),
    /** Size at which a pack is closed, 1 to 48 MiB. Memory grows by about three of these per connection. */
    packBytes: z
      .number()
      .int()
      .min(1 << 20)
      .max(48 << 20)
      .default(16 << 20),
    /** Blocks (8 KiB) per segment of a table. */
    segmentBlocks: z.number().int().min(16).max(131_072).default(1024),
    /** A snapshot older than this ends the backup: it holds back vacuum on the server. */
    maxSnapshotAgeMs: z
      .number()
      .int()
      .positive()
      .default(24 * 3_600_000),
  })
  .prefault({})

const secretText = z.string().min(1)

/**
 * A key management service, as the host calls it. What is wrapped is 32 bytes made for one key slot; the master key is
 * sealed under those and never leaves the process. The context has to be bound to what is wrapped (AWS: the encryption
 * context, Google and Vault: additional authenticated data): it names the repository and the slot.
 */
export interface KmsKey {
  /** Names the key in its slots, e.g. an ARN; no secret. */
  id: string
  wrap(secret: Uint8Array, context: KmsContext, call: { signal: AbortSignal }): Promise<Uint8Array>
  /** What was wrapped; null where the service says that this was wrapped by another key or under another context. */
  unwrap(wrapped: Uint8Array, context: KmsContext, call: { signal: AbortSignal }): Promise<Uint8Array | null>
  /** How long one call may take before it counts as unavailable; default 10,000. */
  timeoutMs?: number
}
/** What a wrapped key is bound to: the purpose, the repository, and the slot in it. */
export type KmsContext = { purpose: 'lifeboat key slot'; repository: string; slot: string }

/**
 * A key as a host hands it over: a passphrase, 32 bytes (also as 64 hex digits), a key management service, or age
 * identities (`AGE-SECRET-KEY-1…`, one a line, as in an identity file). Anybody can make a repository for an age
 * identity: the `fingerprint` of the recovery kit says which one is meant.
 */
export type KeyOption =
  | { passphrase: string }
  | { rawKey: Uint8Array | string }
  | { kms: KmsKey }
  | { ageIdentity: string; fingerprint?: string }

const key = z.union([
  z.strictObject({ passphrase: secretText }),
  z.strictObject({
    rawKey: z.union([z.custom<Uint8Array>((value) => value instanceof Uint8Array, '32 bytes'), secretText]),
  }),
  z.strictObject({ kms: z.custom<KmsKey>(isKms, 'a KMS key: { id, wrap(), unwrap() }') }),
  z.strictObject({
    ageIdentity: secretText,
    fingerprint: z
      .string()
      .regex(/^[0-9a-f]{32}$/, '32 hex digits')
      .optional(),
  }),
])

const encryption = z.union([
  z.literal('none'),
  key,
  // Asked when the repository is opened: for a prompt, or a secret store.
  z.custom<() => Promise<KeyOption>>((value) => typeof value === 'function', 'a function that returns a key'),
])

const copy = z.strictObject({
  /** For people, commands and jobs. */
  name: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'small letters, digits, _ and -'),
  /** A path, a URL, or a Storage of your own. A folder has to be there: only `lifeboat copy NAME` makes it. */
  repository: z.union([z.string().min(1), z.custom<Storage>(isStorage, 'a path, a URL or a Storage')]),
  /** A key of its own, used when the copy is made. Default: it opens with the keys of the repository. */
  encryption: encryption.optional(),
  /** What it keeps; names and meaning as at run time. Default: everything, for ever. */
  retention: runTimeConfigPatchSchema
    .pick({
      ...{ max_backups: true, retention_days: true, safety_backup_days: true },
      ...{ keep_hourly: true, keep_daily: true, keep_weekly: true, keep_monthly: true, keep_yearly: true },
    })
    .optional(),
})

const databaseLabel = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/)

const catalogSchema = z.strictObject({
  /** A schema that holds nothing else; made when it is not there. */
  schema: z
    .string()
    .regex(
      /^(?!pg_|public$|information_schema$)[a-z_][a-z0-9_]{0,62}$/,
      'a schema of its own, named by a-z, 0-9 and _',
    ),
  /** Label of the database it lies in, where several are configured. */
  database: databaseLabel.optional(),
})

/** `sqlite:catalog` would be a file of that name. */
const isPlace = (text: string) => !/^[a-z][a-z0-9+.-]+:/i.test(text) || /^(postgres(ql)?:\/\/|schema:)/.test(text)

const catalogPlace = z.union([z.string().min(1).refine(isPlace), catalogSchema], {
  error: 'a path, a PostgreSQL URL, `schema:name` or { schema, database }; the name has a-z, 0-9 and _',
})
const catalog = catalogPlace
  .transform((place) =>
    typeof place === 'string' && place.startsWith('schema:') ? { schema: place.slice('schema:'.length) } : place,
  )
  .pipe(catalogPlace)

const differentNames = [
  (list: readonly { name: string }[]) => new Set(list.map(({ name }) => name)).size === list.length,
  'names that are all different',
] as const

const objective = z.strictObject({
  /** How much of the newest work may be lost: hours since the newest good backup. Default: none is set. */
  recoveryPointHours: z.number().positive().max(87_600).optional(),
  /** How long a restore may take until the database could go live, in minutes. Default: none is set. */
  recoveryTimeMinutes: z.number().positive().max(525_600).optional(),
})

const validators = z
  .array(z.custom<Validator>(isValidator, 'a validator: { name, validate(run) } or { name, sql, expect }'))
  .refine(...differentNames)
const dataMigrations = z
  .array(z.custom<DataMigration>(isDataMigration, 'a data migration: { name, sql }, { name, file } or { name, run }'))
  .refine(...differentNames)
const migrations = z.array(z.custom<MigrationInspector>(isInspector, 'a migration inspector'))

const targetSchema = z.strictObject({
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
  migrations: migrations.optional(),
  /** Checks of the copy before it takes the target's place. Default: none. */
  validators: validators.default([]),
  /** Changes to the copy, as to set passwords. Default: none. */
  dataMigrations: dataMigrations.default([]),
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
export type TargetSettings = z.output<typeof targetSchema>

export const engineOptionsSchema = z.strictObject({
  /** The application's database: `postgresql://user:password@host:5432/name`. */
  database: z.string().min(1).optional(),
  /** Several databases by label; `database` is short for one labelled `default`. */
  databases: z.record(databaseLabel, z.string().min(1)).optional(),
  /** Where backups are kept: a path, a URL, or a Storage of your own. */
  repository: z.union([z.string().min(1), z.custom<Storage>(isStorage, 'a path, a URL or a Storage')]),
  /** How the repository is sealed. There is no default: leaving data unprotected has to be asked for by name. */
  encryption: encryption.optional(),
  /** Part of exported file names and of every backup's metadata; default: the name in package.json. */
  appName: z.string().min(1).max(200).optional(),
  appVersion: z.string().max(200).optional(),
  /** Folders with uploaded files, backed up when a backup asks for media. */
  media: z.array(mediaFolder).default([]),
  /** How the application migrates its schema; see docs/migrations.md. */
  migrations: migrations.default([]),
  /** Which down steps backups carry, and whose signatures count where a restore runs them; see docs/migrations.md. */
  downSteps: z
    .strictObject({
      /** Of how many of the newest migrations a backup carries the down step; 0: none. */
      newest: z.number().int().min(0).max(200).default(20),
      /** By the name of an inspector: a folder with `<id>.sql`, for tools whose down steps are code. */
      folders: z.record(z.string(), z.union([z.string().min(1), z.instanceof(URL)])).default({}),
      /** The file that `lifeboat sign-steps` writes. */
      signatures: z.union([z.string().min(1), z.instanceof(URL)]).optional(),
      /** Public Ed25519 keys in PEM. The private ones must not be where the application runs. */
      trustedKeys: z.array(z.string().min(1)).max(20).default([]),
      /** How long one step may take on the copy, in milliseconds. */
      timeoutMs: z.number().int().min(100).max(86_400_000).default(600_000),
    })
    .prefault({}),
  /** Checks run on a restored copy before it goes live; one that throws stops the restore. */
  validators: validators.default([]),
  /** Changes of the application's own to the rows of a restored copy, in this order; one that fails stops the restore. */
  dataMigrations: dataMigrations.default([]),
  /**
   * Queries whose result a backup records in its own snapshot, and a restore compares once the rows are back. One SELECT
   * each, with tables named by their schema, and in an order of its own where it has several rows.
   */
  invariants: z
    .array(z.strictObject({ name: z.string().min(1).max(200), sql: z.string().min(1).max(20_000) }))
    .refine(...differentNames)
    .default([]),
  /** What a drill expects of a restored backup besides what a restore checks; see docs/drills.md. */
  drills: z
    .strictObject({
      /** Columns of times whose newest row must not have been older, in hours, when the backup was made. */
      freshness: z
        .array(
          z.strictObject({
            /** `schema.table`, or a table of the schema public. */
            table: z.string().min(1).max(200),
            column: z.string().min(1).max(63),
            maxAgeHours: z.number().positive().default(24),
          }),
        )
        .default([]),
      /** How old the newest backup may be, in hours. Default: any age. */
      maxBackupAgeHours: z.number().positive().optional(),
      /** How long it may take until the restored database could go live, in minutes. Default: any time. */
      maxRecoveryMinutes: z.number().positive().optional(),
      /** The recovery key, for the drills that prove it: best a function that asks the place where it is kept. */
      recoveryKey: encryption.optional(),
    })
    .prefault({}),
  /** What a masked copy holds of each column; see docs/masking.md. Closed by default: what it does not name is refused. */
  masking: maskingPolicySchema.optional(),
  /** Databases that are refreshed from backups, as a staging system's; see docs/staging.md. */
  targets: z.record(databaseLabel, targetSchema).default({}),
  /** What a loss may cost; measured by backups and drills. See docs/monitoring.md. */
  objectives: objective
    .extend({
      /** By label, for databases that need other ones. */
      databases: z.record(databaseLabel, objective).default({}),
    })
    .prefault({}),
  /** Called around the moment in which a restore or an undo replaces a live database. */
  hooks: z
    .strictObject({
      /** To drain queues, say. The host still serves; throwing, or 10 s without an end, stops the restore. */
      beforeSwap: z.custom<NonNullable<SwapHooks['beforeSwap']>>(isFunction, 'a function').optional(),
      /** For example to open new pools. Requests are let in again when it has ended, 10 s later at most. */
      afterSwap: z.custom<NonNullable<SwapHooks['afterSwap']>>(isFunction, 'a function').optional(),
    })
    .prefault({}),
  exclude: z
    .strictObject({
      /** `schema.table` whose definition and rows are left out. */
      tables: z.array(z.string()).default([]),
      schemas: z.array(z.string()).default([]),
      /** `schema.table` whose rows are left out and whose definition stays. */
      rows: z.array(z.string()).default([]),
    })
    .prefault({}),
  /** zstd level of new chunks; 0 stores uncompressed. 1 is fastest and compresses rows best. */
  compressionLevel: z.number().int().min(0).max(19).default(1),
  /** How long a backup may hold up a schema change, or wait for one, before it gives way; `wait` never gives way. */
  lockBudgetMs: z.union([z.number().int().min(100), z.literal('wait')]).default(3000),
  /** After so many days a backup reads everything again, whatever looks unchanged. */
  fullEveryDays: z.number().min(0).max(365).default(7),
  /** How long the database a swap replaced is kept. */
  keepReplacedDays: z.number().int().min(0).max(3650).default(7),
  resources,
  /** The most that is moved to and from the repository, in bytes per second; 0 is no limit. May be changed later. */
  throttle: z
    .strictObject({ upload: z.number().min(0).default(0), download: z.number().min(0).default(0) })
    .prefault({}),
  /**
   * Storages that may be named over HTTP, as paths or URLs, each with all that lies below it. Server, user and parameters
   * have to be exactly these. None is allowed by default.
   */
  allowedStorageEndpoints: z.array(z.string().min(1)).default([]),
  /**
   * Databases that may be named over HTTP as the target of a restore, and that backups of other databases may replace: names,
   * or beginnings of names with `*` at the end. Always allowed are the configured database, and a new one that begins with
   * its name and `_`; never `postgres` and `template*`.
   */
  restoreTargets: z
    .array(
      z
        .string()
        .regex(/^[^*]{0,63}\*?$/, 'a name, or its beginning with * at the end')
        .min(1),
    )
    .default([]),
  /** Storages that are kept in step with the repository after each backup. */
  copies: z
    .array(copy)
    .default([])
    .refine((copies) => new Set(copies.map(({ name }) => name)).size === copies.length, 'two copies have one name'),
  /** Folder with pg_dump and pg_restore, if they are not where they usually are. */
  clientTools: z.string().optional(),
  /**
   * Where jobs, history, run-time configuration and audit are kept: the path of a SQLite file, the URL of a PostgreSQL
   * database of its own, or `schema:lifeboat` (`{ schema, database }`), a schema of the application's database that
   * backups leave out and restores take along. Default: `catalog/catalog.sqlite` in the repository's folder.
   */
  catalog: catalog.optional(),
  /** Bytes put aside for the day the storage is full. Undefined: 4 MiB where the storage says how much is free. */
  reserveBytes: z.number().int().min(0).max(67_108_864).optional(),
  /** Folder for the standard files of backups (`export_after_backup`). Default: `exports` in the repository's folder. */
  exportDirectory: z.string().min(1).optional(),
  /** Who is told of what, and how: see docs/notifications.md. */
  notifications: notificationOptions.prefault({}),
  /** What people are reminded of by the channels, and as a calendar: see docs/production.md. */
  reminders: z
    .strictObject({
      /** When on the first day of each week, month, quarter and year: a time in UTC. */
      at: z
        .string()
        .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time: 09:00')
        .default('08:00'),
      /** Reminders that this installation does without. */
      off: z.array(z.enum(reminderIds)).default([]),
    })
    .prefault({}),
  /** Which actions need the approval of other people, and whose: see docs/approvals.md. Default: none. */
  approvals: approvalOptions.optional(),
  /** Jobs that run at the same time; of one database at most one writes. */
  jobConcurrency: z.number().int().min(1).max(32).default(2),
  /**
   * A queue of the host's that brings jobs to its workers: `bullmqQueue()`, `pgBossQueue()` or `graphileWorkerQueue()` of
   * `@lifeboat/core/queues`, or one of your own. The catalog stays the truth about them. Default: the catalog alone.
   */
  queue: z
    .custom<HostQueue>(isHostQueue, 'a queue of `@lifeboat/core/queues`, or { name, bring(), work(), close() }')
    .optional(),
  /** What holds until it is changed at run time: schedule, retention, compression. */
  runTime: runTimeConfigPatchSchema.prefault({}),
})

/**
 * What a host writes: the options of {@link createBackupEngine}.
 *
 * @useDeclaredType
 */
export type EngineOptions = z.input<typeof engineOptionsSchema>
/** What the engine works with. */
export type EngineSettings = z.output<typeof engineOptionsSchema>

/** What a step of the application's own on a restored copy works with. The URL is the copy's. */
export interface CopyStepRun {
  databaseUrl: string
  signal: AbortSignal
  log(message: string): void
}

interface CopyStep {
  name: string
  /** `before`: rows loaded, not migrated yet. `after` (default): migrated. */
  when?: 'before' | 'after'
}

/**
 * A check of the application's own on a restored copy, before and after its migrations ran: a function that throws, or a
 * query. Without `expect` the query has to give no rows; with it, one row whose first value is that one. It runs in a
 * read-only transaction under the search path of the database. A check that fails refuses the copy: the restore stops and
 * the live database stays as it was.
 */
export type Validator = CopyStep &
  ({ validate(run: CopyStepRun): Promise<void> } | { sql: string; expect?: string | number | boolean | null })

/**
 * A change of the application's own to the rows of a restored copy. Of the same `when` they run in the order in which they
 * are given: those `before` ahead of the migrations, the others once these have run. `sql` and the SQL in `file` run in one
 * transaction, under the search path of the database. One that fails stops the restore; the live database stays as it was.
 */
export type DataMigration = CopyStep &
  ({ run(run: CopyStepRun): Promise<void> } | { sql: string } | { file: string | URL })

/** What a host does around a swap. `swapped` is false where the swap failed and everything is as it was. */
export interface SwapHooks {
  beforeSwap?(swap: { database: string; restore_id: string }): void | Promise<void>
  afterSwap?(swap: { database: string; restore_id: string; swapped: boolean }): void | Promise<void>
}

/** Parses options; `CONFIG_INVALID` names every option that is wrong. */
export function parseEngineOptions(options: unknown): EngineSettings {
  const parsed = engineOptionsSchema.safeParse(options)
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'options'}: ${message}`)
  throw new EngineError('CONFIG_INVALID', `Options are not valid. ${issues.join('; ')}`, { detail: { issues } })
}

/** The databases by label: `database` becomes `default`. */
export function databasesOf(settings: EngineSettings): Record<string, string> {
  const databases = { ...(settings.database ? { default: settings.database } : {}), ...settings.databases }
  return databases
}

function isKms(value: unknown): value is KmsKey {
  return (
    typeof value === 'object' &&
    value !== null &&
    /^[^\p{C}]{1,500}$/u.test(String(Reflect.get(value, 'id') ?? '')) &&
    ['wrap', 'unwrap'].every((m) => typeof Reflect.get(value, m) === 'function')
  )
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

function isStorage(value: unknown): value is Storage {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['put', 'get', 'list', 'stat', 'delete'].every((m) => typeof Reflect.get(value, m) === 'function')
  )
}

function isHostQueue(value: unknown): value is HostQueue {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof Reflect.get(value, 'name') === 'string' &&
    ['bring', 'work', 'close'].every((m) => typeof Reflect.get(value, m) === 'function')
  )
}

function isInspector(value: unknown): value is MigrationInspector {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['applied', 'known'].every((m) => typeof Reflect.get(value, m) === 'function')
  )
}

function isValidator(value: unknown): value is Validator {
  if (!isCopyStep(value)) return false
  const [validate, sql, expected] = ['validate', 'sql', 'expect'].map((name) => Reflect.get(value, name))
  if (typeof validate === 'function') return sql === undefined && expected === undefined
  const isPlain = expected === null || ['undefined', 'string', 'number', 'boolean'].includes(typeof expected)
  return validate === undefined && isText(sql) && isPlain
}

function isDataMigration(value: unknown): value is DataMigration {
  if (!isCopyStep(value)) return false
  const given = ['run', 'sql', 'file'].map((name): unknown => Reflect.get(value, name))
  const [run, sql, file] = given
  if (given.filter((one) => one !== undefined).length !== 1) return false
  return typeof run === 'function' || isText(sql) || isText(file) || file instanceof URL
}

function isCopyStep(value: unknown): value is CopyStep {
  if (typeof value !== 'object' || value === null) return false
  const name: unknown = Reflect.get(value, 'name')
  return isText(name) && name.length <= 200 && [undefined, 'before', 'after'].includes(Reflect.get(value, 'when'))
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''
