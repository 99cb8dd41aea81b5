import type { BackupContext } from '../backup/backup-context.ts'
import type { Reporter } from '../events.ts'
import type { MaskingPolicy } from '../masking/policy.ts'
import type { DataMigration, Validator } from '../options/copy-steps.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'

export const restoreStrategies = ['swap', 'new-database', 'in-place', 'media'] as const
/**
 * - `swap`: restored beside the live database, which is then replaced by renaming both.
 * - `new-database`: restored into a database that does not exist yet; nothing is replaced.
 * - `in-place`: the contents of the live database are replaced in one transaction.
 * - `media`: the media folders alone are replaced; the database stays as it is.
 */
export type RestoreStrategy = (typeof restoreStrategies)[number]

/** What was asked for. Plain JSON: it is part of the plan, and of its hash. */
export interface RestoreOptions {
  backupId: string
  strategy: RestoreStrategy
  /** The database to make (`new-database`) or to replace (else); default: the one of the connection. */
  targetDatabase?: string
  /**
   * Where media folders go: `true` to the configured folder of the same name; a path for the only one of the backup
   * (with several: the folder that will hold each under its name); or paths by name. Absent: no media.
   */
  mediaTarget?: true | string | Record<string, string>
  /** Run forward migrations on the copy where the backup is behind the code. */
  migrate: boolean
  safetyBackup: boolean
  /** Names of refusals to go past, as the plan gives them. */
  overrides: string[]
  /** Roles of the backup and the roles of this server that stand for them. */
  roleMap: Record<string, string>
  /** Create the roles that are missing, without login. */
  createRoles: boolean
  noOwner: boolean
  noPrivileges: boolean
  noTablespaces: boolean
  /** The database to replace is not the one the backup was made of, and that is meant. */
  intoOther: boolean
  /**
   * Objects that are not restored, with everything that needs them: by name (`public.orders`, `public.orders_total_idx`,
   * `public.orders.orders_customer_fkey`, `public.tax(numeric)`), or as errors name them (`INDEX public.orders_total_idx`,
   * `SCHEMA auth`, `EXTENSION postgis`, `DEFAULT PRIVILEGES FOR ROLE admin`). All of a kind: `extensions`, `publications`,
   * `event-triggers`, `default-privileges`, `comments`.
   */
  leaveOut?: string[]
  /** Foreign keys and CHECK constraints (`schema.table.constraint`) that are made NOT VALID: present rows are not checked. */
  notValid?: string[]
  /** Materialized views (`schema.view`) that are left without rows; those that read from them are, too. */
  unpopulated?: string[]
  /**
   * Run the down steps that the backup carries, on the copy, so that a backup that is ahead of the code fits it. The hash that
   * the plan gives for them, or its first 12 digits at least.
   */
  runCarried?: string
  /** By the masking policy, into a new database. */
  masked?: boolean
  /** Of an imported backup the rows alone, into the definitions of this backup (its id) of a database. */
  schemaFrom?: string
  /** The named target that is refreshed: see `RestoreContext.target`. */
  target?: string
}

/** The defaults. */
export const defaultRestoreOptions: Omit<RestoreOptions, 'backupId'> = {
  strategy: 'swap',
  migrate: true,
  safetyBackup: true,
  overrides: [],
  roleMap: {},
  createRoles: false,
  noOwner: false,
  noPrivileges: false,
  noTablespaces: false,
  intoOther: false,
}

/** What a restore works with; a superset of what a backup needs, because a safety backup is made first. */
export interface RestoreContext extends BackupContext {
  validators?: readonly Validator[]
  dataMigrations?: readonly DataMigration[]
  /** How long a replaced database is kept; 0 keeps it until it is discarded by hand. Default 7 days. */
  keepReplacedDays?: number
  aroundSwap?: AroundSwap
  masking?: MaskingPolicy | undefined
  /** Of a refresh: the target that `database` leads to. */
  target?: RefreshTarget
}

/** A database that a refresh may replace, because it bears the mark of this name. */
export interface RefreshTarget {
  name: string
  /** Id of the repository. */
  repository: string
  /** The configured databases, which it must not be. */
  sources: { label: string; parameters: ConnectionParameters }[]
  /** The configured database that migrations of the copy must leave alone; absent where it does not answer. */
  watched?: ConnectionParameters
  /** Tables whose rows come from the replaced database. */
  carryOver: readonly string[]
  /** Whether the replaced database is dropped at once. */
  discardReplaced: boolean
}

/** Wraps the renames that replace a live database, so that its application can step aside. */
export type AroundSwap = <T>(
  swap: { database: string; restoreId: string; report?: Reporter | undefined },
  rename: () => Promise<T>,
) => Promise<T>

/** Where there is no application to tell. */
export const withoutNotice: AroundSwap = (_swap, rename) => rename()

export interface Running {
  signal?: AbortSignal
  report?: Reporter
}
