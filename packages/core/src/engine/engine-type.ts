import type { Reporter } from '../events.ts'
import type { Manifest, TableRecord } from '../repository/documents.ts'
import type { BackupSummary } from './summary.ts'

/** What every call that takes time accepts. */
export interface Running {
  signal?: AbortSignal
  report?: Reporter
}

/** Which of the engine's databases is meant, by label; default: the only one, or the one labelled `default`. */
export interface OfDatabase {
  database?: string
}

export interface CreateBackupOptions extends Running, OfDatabase {
  name?: string
  description?: string
  tags?: Record<string, string>
  includeMedia?: boolean
  /** A pinned backup is never deleted by retention. */
  pinned?: boolean
  /** Default `incremental`: what has not changed since the newest backup is taken over from it. */
  type?: Manifest['type']
  trigger?: Manifest['trigger']
  createdBy?: string
  exclude?: { tables?: string[]; schemas?: string[]; rows?: string[] }
  /** Milliseconds, or `wait`; overrides the engine's option. */
  lockBudgetMs?: number | 'wait'
  /** How long to wait for another backup of the same database to end; default 0: `LEASE_HELD`. */
  waitMs?: number
  /** zstd level, 0 to 19; overrides the engine's option. */
  compressionLevel?: number
  /** Given when a job was made before the backup began; see `newBackupId`. */
  id?: string
  number?: number
}

export interface BackupList {
  backups: BackupSummary[]
  /** Manifests that are there but cannot be read or opened: never silently left out. */
  damaged: { id: string; code: string; message: string }[]
}

/** A table of a backup, as details show it. */
export interface TableSummary {
  table: string
  rows: number
  bytes: number
  /** Whether its rows were read or taken over from the backup before, and why. */
  change: TableRecord['change'] | null
}

export interface BackupDetails extends BackupSummary {
  table_counts: Record<string, number>
  tables: TableSummary[]
  large_object_count: number
  media: { name: string; path: string; files: number; bytes: number; problems: Manifest['media'][number]['problems'] }[]
  exclusions: Manifest['exclusions']
  /** Schemas with a catalog, which no backup contains. */
  catalog_schemas: string[]
  extensions: Manifest['extensions']
  roles: Manifest['roles']
  tablespaces: string[]
  database_properties: Manifest['database_properties']
  base: string | null
  /** What was compared with, and what that saved. */
  change: Manifest['change'] | null
}

export const verifyLevels = ['manifest', 'checksums', 'structure', 'restore'] as const
export type VerifyLevel = (typeof verifyLevels)[number]
