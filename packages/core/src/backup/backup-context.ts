import type { Reporter } from '../events.ts'
import type { MigrationInspector } from '../migrations/inspector.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'
import type { Invariant } from '../postgres/invariants.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import type { Repository } from '../repository/repository.ts'

/** What backups of one database have in common: where from, where to, with what means. Already validated. */
export interface BackupContext {
  repository: Repository
  database: ConnectionParameters
  inspectors: readonly MigrationInspector[]
  /** Queries whose results are recorded, and compared after a restore. */
  invariants?: readonly Invariant[]
  /** Which ways back a backup carries; absent: none. */
  downSteps?: DownStepSettings
  /** Folders that `includeMedia` adds; names are unique. */
  media: readonly { name: string; path: string }[]
  app: { name: string; version: string | null; installedPackages: Record<string, string> }
  resources: BackupResources
  changeDetection?: {
    /** After so many days everything is read again. Default 7. */
    fullEveryDays?: number
    /** Which part of the unchanged segments is read again and compared. Default 0.01; 0: none. */
    sampleShare?: number
  }
  /** Folder with pg_dump, if it is not where it usually is. */
  clientTools?: string
}

export interface DownStepSettings {
  /** Of how many of the newest migrations. */
  newest: number
  /** By inspector: folders with `<id>.sql`. */
  folders: Readonly<Record<string, string>>
  /** File with the signatures of steps. */
  signatures?: string | undefined
  /** Public keys in PEM whose signatures count at a restore. */
  trustedKeys: readonly string[]
  /** How long one step may take at a restore, in milliseconds. */
  timeoutMs: number
}

/** The same while its repository may still be opening: the source can be looked at during that time. */
export type OpeningContext = Omit<BackupContext, 'repository'> & { repository: Repository | Promise<Repository> }

export interface BackupResources {
  /** Connections that read rows, each with a worker thread of its own. */
  connections: number
  /** Size at which a pack is closed. Memory grows by about three of these per connection. */
  packBytes: number
  /** zstd level; 0 stores uncompressed. */
  compressionLevel: number
  /** Blocks per segment of a table. */
  segmentBlocks: number
  /** A snapshot older than this ends the backup with `SNAPSHOT_TOO_OLD`. */
  maxSnapshotAgeMs: number
  /** No byte read for this long ends the backup with `BACKUP_STALLED`. Default 15 minutes. */
  stallMs?: number
  /** Waits between attempts after `LOCK_BUDGET` or `DATABASE_CHANGED`. Default 1, 5, 15 minutes. */
  retryDelaysMs?: readonly number[]
}

export interface BackupOptions {
  /** Given when the job was made; default: a new one. */
  id?: string
  /** Default: claimed from the repository. */
  number?: number | Promise<number>
  name: string
  description: string
  /**
   * `incremental`: takes over what has not changed since the newest backup; `differential`: since the newest full one.
   * Where there is nothing that can be compared with, the backup is a full one and says why.
   */
  type: Manifest['type']
  trigger: Manifest['trigger']
  createdBy: string
  tags: Record<string, string>
  includeMedia: boolean
  /** The media folders and nothing of the database; with `includeMedia`. */
  mediaOnly?: boolean
  pinned: boolean
  exclude: {
    /** `schema.table` left out altogether. */
    tables: readonly string[]
    schemas: readonly string[]
    /** `schema.table` whose definition stays and whose rows are left out. */
    rows: readonly string[]
  }
  /** How long this backup may stand in front of or behind a schema change; `wait` never gives way. */
  lockBudgetMs: number | 'wait'
  /** How long to wait for another backup of the same database to end. Default 0: `LEASE_HELD`. */
  waitMs?: number
  /** The newest event of the audit log, asked for when the manifest is put together; what it throws is passed over. */
  auditHead?: (() => Promise<Manifest['audit_head'] | null>) | undefined
  signal?: AbortSignal
  report?: Reporter
}
