import type { MaskProblem } from '../../masking/resolve-policy.ts'
import type { SubsetRole } from '../../masking/resolve-subset.ts'
import type { MigrationComparison } from '../../migrations/compare.ts'
import type { PlannedSteps } from '../../migrations/down-steps/plan-carried.ts'
import type { MigrationOrder } from '../../migrations/inspector.ts'
import type { ChosenObjects } from '../database/definitions/leave-out.ts'
import type { RowsProblem } from '../match-rows.ts'
import type { MediaPlace } from '../media/media-place.ts'
import type { RestoreOptions } from '../options.ts'
import type { RightsFacts } from '../rights/restore-rights.ts'
import type { TargetFacts } from '../target/target-plan.ts'
import type { UnrecordedChanges } from './unrecorded-changes.ts'

/** Everything {@link restorePlan} looks at. Plain JSON, so that tables of cases can be written down. */
export interface RestoreFacts {
  options: RestoreOptions
  backup: BackupFacts
  /** Packs the backup needs that are absent or not of the indexed size. */
  damagedPacks: string[]
  server: ServerSideFacts
  /** `configured` is the connection's own. The database to replace or, for `new-database`, the one that would be in the way. */
  target: { name: string; live: LiveDatabaseFacts | null; configured: string }
  /** What the names in leaveOut, notValid and unpopulated mean; absent where none are given. */
  chosen?: ChosenObjects
  /** What the backup needs against what the role may do; absent where the role is a superuser. */
  rights?: RightsFacts
  /** Empty databases that the role owns, where it cannot create one. */
  emptyDatabases?: string[]
  /** Of a masked copy: what the policy does to the backup. */
  masking?: MaskingFacts
  /** Of a restore of rows alone: what does not fit the definitions, and whose these are. */
  rowsOnly?: RowsOnlyFacts
  /** Of a refresh: the named target. */
  refresh?: TargetFacts
  migrations: InspectorFacts[]
  /** Where the schema of the backup is not that of an older one with the same migrations. */
  unrecorded?: UnrecordedChanges
  /** The down steps that the backup carries from it to the code; absent where it is not ahead, or carries none. */
  carried?: PlannedSteps
  media: MediaFacts[]
  validators: string[]
  dataMigrations: PlannedDataMigration[]
}

/** Roots by role, each in the order of their names. */
export type SubsetFacts = Record<SubsetRole, string[]>

/** What a masking policy does to a backup, or why it cannot. */
export interface MaskingFacts {
  /** Names the policy; null where there is none. */
  policy: string | null
  problems: MaskProblem[]
  /** Names of the policy that the backup does not have. */
  unknown: string[]
  tables: { kept: number; empty: number; masked: number }
  /** Columns that are masked. */
  columns: number
  /** Of a subset, tables by what they get rows for; null where every row is kept. */
  subset: SubsetFacts | null
  largeObjects: 'leave-out' | 'keep'
  media: 'leave-out' | 'keep'
}

export interface RowsOnlyFacts {
  /** Number of the backup whose definitions are made. */
  definitions: number
  problems: RowsProblem[]
  notes: string[]
}

/** A data migration as a plan shows it: a plan that was confirmed is bound to the text that will run. */
export interface PlannedDataMigration {
  name: string
  when: 'before' | 'after'
  /** Of its SQL; null for a function. */
  sha256: string | null
}

export interface BackupFacts {
  id: string
  number: number
  checksum: string
  createdAt: string
  /** It holds media folders and no database. */
  mediaOnly: boolean
  database: string
  systemIdentifier: string
  majorVersion: number
  tables: number
  rows: number
  /** Bytes of rows, large objects and definitions as text. */
  logicalBytes: number
  databaseBytes: number
  largeObjects: number
  exclusions: { tables: string[]; schemas: string[]; rows: string[] }
  extensions: { name: string; version: string }[]
  /** Roles the backup refers to that are not predefined ones (`pg_...`). */
  roles: string[]
  tablespaces: string[]
  collationVersion: string | null
  encoding: string
}

export interface ServerSideFacts {
  majorVersion: number
  systemIdentifier: string
  inRecovery: boolean
  /** A connection pooler that hands each transaction to another session answers here. */
  pooler: boolean
  /** Another database to connect to while the live one is renamed. */
  maintenanceDatabase: string | null
  role: { name: string; superuser: boolean; createDatabase: boolean; createRole: boolean }
  roles: string[]
  tablespaces: string[]
  /** Extensions that can be created, with the version that would be. */
  extensions: { name: string; version: string }[]
  /** Version the operating system now gives the collation of the backup; null where unknown. */
  collationVersion: string | null
  lockTableSlots: number
  /** max_locks_per_transaction. */
  locksPerTransaction: number
  /** Bytes free where the data directory lies; null where that cannot be known. */
  freeBytes: number | null
}

export interface LiveDatabaseFacts {
  /** Whether our role is, or is a member of, the owner. */
  owned: boolean
  encoding: string
  /** Whether nothing is in it that a restore would replace. */
  empty: boolean
  /** Relations and large objects that an in-place restore would have to lock, besides those of the backup. */
  objects: number
  preparedTransactions: string[]
  /** Roles with sessions that we cannot end. */
  foreignSessions: string[]
  logicalSlots: string[]
  subscriptions: string[]
  /** Schemas with a catalog of Lifeboat's own. */
  catalogs: string[]
}

export interface InspectorFacts {
  inspector: string
  /** Whether the tool insists on order. */
  order: MigrationOrder
  comparison: MigrationComparison
  canMigrate: boolean
  /** What is wrong with the code's own migrations, by their files. */
  warnings: string[]
  /** Where the verdict is `unknown`: what stands in the way. */
  why?: string
}

export interface MediaFacts {
  name: string
  files: number
  bytes: number
  /** Files that the backup lacks, because they could not be read. */
  lost: number
  /** Users and groups of the files, by number, to which this process cannot change the owner of a file. */
  foreignOwners: string[]
  /** Where it goes; null where that was not said. */
  target: string | null
  /** Whether what is there is replaced; else there must be nothing. */
  replaces: boolean
  /** What there is; null without a target. */
  place: MediaPlace | null
}
