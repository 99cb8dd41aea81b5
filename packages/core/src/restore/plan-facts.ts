import type { MigrationComparison } from '../migrations/compare.ts'
import type { RestoreOptions } from './options.ts'

/** Everything {@link restorePlan} looks at. Plain JSON, so that tables of cases can be written down. */
export interface RestoreFacts {
  options: RestoreOptions
  backup: BackupFacts
  /** Packs the backup needs that are absent or not of the indexed size. */
  damagedPacks: string[]
  server: ServerSideFacts
  /** The database to replace or, for `new-database`, the one that would be in the way. */
  target: { name: string; live: LiveDatabaseFacts | null }
  migrations: InspectorFacts[]
  media: MediaFacts[]
  validators: string[]
}

export interface BackupFacts {
  id: string
  number: number
  checksum: string
  createdAt: string
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
  /** Bytes free where the data directory lies; null where that cannot be known. */
  freeBytes: number | null
}

export interface LiveDatabaseFacts {
  /** Whether our role is, or is a member of, the owner. */
  owned: boolean
  encoding: string
  /** Relations and large objects that an in-place restore would have to lock, besides those of the backup. */
  objects: number
  preparedTransactions: string[]
  /** Roles with sessions we may not end. */
  foreignSessions: string[]
  logicalSlots: string[]
  subscriptions: string[]
  /** Schemas with a catalog of Lifeboat's own. */
  catalogs: string[]
}

export interface InspectorFacts {
  inspector: string
  comparison: MigrationComparison
  canMigrate: boolean
  /** Where the verdict is `unknown`: what stands in the way. */
  why?: string
}

export interface MediaFacts {
  name: string
  files: number
  bytes: number
  /** Where it goes; null where nobody said. */
  target: string | null
}
