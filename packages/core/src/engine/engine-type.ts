import type { Readable } from 'node:stream'
import type { Reporter } from '../events.ts'
import type { Finding, Manifest, TableRecord } from '../repository/documents/documents.ts'
import type { UnreadableObject } from '../repository/documents/unreadable.ts'
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
  /** The media folders and nothing of the database, which goes on undisturbed. */
  mediaOnly?: boolean
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
  number?: number | Promise<number>
  /** The newest event of the audit log, asked for when the manifest is put together. */
  auditHead?: () => Promise<Manifest['audit_head'] | null>
}

export interface ImportBackupOptions extends Running {
  /** Path of the file; or a stream of its bytes. */
  file?: string
  stream?: Readable
  name?: string
  description?: string
  tags?: Record<string, string>
  pinned?: boolean
  /** Hex of the SHA-256 that the file must have. */
  sha256?: string
  createdBy?: string
}

export interface BackupList {
  backups: BackupSummary[]
  /** Manifests that are there but cannot be read or opened: never silently left out. */
  damaged: { id: string; code: string; message: string }[]
  /** Pins and verification records that are there and cannot be read; they keep nothing from going on. */
  unreadable: UnreadableObject[]
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
  media: Omit<Manifest['media'][number], 'tar'>[]
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
  /** The ways back that it carries, whole. */
  down_steps: NonNullable<Manifest['down_steps']>
  /** Of a backup that was imported from a file: what a restore would run. */
  findings: Finding[]
}

/** How deeply a backup can be verified, from the cheapest level to a trial restore. */
export const verifyLevels = ['manifest', 'checksums', 'structure', 'restore'] as const
/** One of {@link verifyLevels}. */
export type VerifyLevel = (typeof verifyLevels)[number]
