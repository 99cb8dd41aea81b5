import type { BackupForecast } from '../migrations/forecast.ts'
import type { Stamps } from '../policy/backup-age.ts'
import type { SourceDatabase } from '../policy/backup-order.ts'
import type { RetentionBackup } from '../policy/retention.ts'
import type { Annotation } from '../repository/documents/annotations.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { isQuarantined, type Trust, type TrustScope, trustOf } from '../repository/documents/trust.ts'

/** A backup as lists show it: the field names of the HTTP contract. Sizes in bytes, times in ISO 8601 (UTC). */
export interface BackupSummary {
  id: string
  number: number
  status: 'completed'
  type: Manifest['type']
  name: string
  description: string
  trigger: Manifest['trigger']
  created_by: string
  created_at: string
  completed_at: string
  app_name: string
  app_version: string | null
  lifeboat_version: string
  node_version: string
  postgres_version: string
  /** Of the server it was made on. Servers may have databases of the same name; see `sourceKey`. */
  system_identifier: string
  migration_state: Record<string, string[]>
  installed_packages: Record<string, string>
  database: string
  database_size: number
  table_count: number
  row_count: number
  include_media: boolean
  /** Whether it holds media folders alone, and nothing of the database. */
  media_only: boolean
  media_size: number
  /** Files of the media that could not be read: with any, the backup is completed with losses. */
  lost_files: number
  /** Everything before deduplication and compression. */
  logical_bytes: number
  /** What was read out for it, of the database and the media folders; the rest was taken over. `null`: not recorded. */
  bytes_read: number | null
  /** What this backup added to the repository. */
  stored_bytes: number
  /** SHA-256 of the manifest, the root of all chunk ids. */
  checksum: string
  tags: Record<string, string>
  pinned: boolean
  last_verified: LastVerified | null
  /** The last verification could not find out; `last_verified` is what was known before. */
  not_verified: NotVerified | null
  /** Whether the running code could restore it, and why. Only where a list was asked for it, of backups of a database. */
  forecast?: Pick<BackupForecast, 'outlook' | 'why'>
  /** Of a backup that was imported from a file; `trusted` null: nothing of it may be run. */
  quarantine: QuarantineSummary | null
  error: null
}

export interface QuarantineSummary {
  file_sha256: string
  file_bytes: number
  /** How many kinds of things a restore would run; the details of the backup list them. */
  findings: number
  /** `scope`: whether a restore may run what the file says, or load its rows alone. */
  trusted: { scope: TrustScope; at: string; by: string; reason: string } | null
}

export interface LastVerified {
  level: string
  at: string
  ok: boolean
  /** Where it is bad: the first of what was found wrong. */
  problem?: string
}

/** A verification that ended without a verdict, after the last that had one. */
export interface NotVerified {
  level: string
  at: string
  /** What kept it from finding out. */
  reason: string
}

/** What is known of a stored backup beside its manifest. */
export interface StoredBackup {
  manifest: Manifest
  checksum: string
  /** When the storage, by its own clock, stored the manifest. */
  storedAt: Date
  /** A pin that cannot be read counts. */
  pinned: boolean
  /** What was said of it since it was made. */
  annotation?: Annotation | undefined
  /** Of an imported backup: who took it out of quarantine. */
  trust?: Trust | undefined
  lastVerified: LastVerified | null
  notVerified?: NotVerified | null
  /** False where its pin or a verification of it cannot be read. */
  readable: boolean
}

/** The database a stored backup is of, as `sourceKey` takes it. */
export function sourceOf({ manifest }: Pick<StoredBackup, 'manifest'>): SourceDatabase {
  const { snapshot, database, media_only = false } = manifest
  return { system_identifier: snapshot.system_identifier, database, media_only }
}

/** When it was made, by each of the clocks there were. */
export function stampsOf({ manifest, storedAt }: Pick<StoredBackup, 'manifest' | 'storedAt'>): Stamps {
  return { createdAt: new Date(manifest.created_at), storedAt, takenAt: new Date(manifest.snapshot.taken_at) }
}

/** A stored backup as retention judges it. */
/** What retention and deletes count as good: not known to be bad, and nothing unreadable leaves it in doubt. */
export function isGood(backup: Pick<StoredBackup, 'manifest' | 'lastVerified' | 'readable' | 'trust'>): boolean {
  return backup.lastVerified?.ok !== false && backup.readable !== false && !isUntrusted(backup)
}

/** Whether it was imported and is in quarantine. */
export function isUntrusted({ manifest, trust }: Pick<StoredBackup, 'manifest' | 'trust'>): boolean {
  return isQuarantined(manifest, trust)
}

export function retentionBackup(backup: StoredBackup, neededForUndo = false): RetentionBackup {
  const { manifest, pinned, lastVerified, readable } = backup
  return {
    ...{ id: manifest.id, number: manifest.number, ...sourceOf(backup), ...stampsOf(backup) },
    ...{
      good: lastVerified?.ok !== false && !isUntrusted(backup),
      pinned,
      neededForUndo,
      safety: manifest.trigger === 'pre_restore',
      readable,
      ...(manifest.trigger === 'schedule' ? {} : { madeBy: manifest.created_by }),
    },
  }
}

export function backupSummary({
  manifest,
  checksum,
  pinned,
  annotation = {},
  trust,
  lastVerified,
  notVerified = null,
}: Omit<StoredBackup, 'storedAt' | 'readable'>): BackupSummary {
  return {
    id: manifest.id,
    number: manifest.number,
    status: 'completed',
    type: manifest.type,
    name: annotation.name ?? manifest.name,
    description: annotation.description ?? manifest.description,
    trigger: manifest.trigger,
    created_by: manifest.created_by,
    created_at: manifest.created_at,
    completed_at: manifest.completed_at,
    app_name: manifest.app_name,
    app_version: manifest.app_version,
    lifeboat_version: manifest.lifeboat_version,
    node_version: manifest.node_version,
    postgres_version: manifest.postgres_version,
    system_identifier: manifest.snapshot.system_identifier,
    migration_state: manifest.migration_state,
    installed_packages: manifest.installed_packages,
    database: manifest.database,
    database_size: manifest.database_size,
    table_count: manifest.table_count,
    row_count: manifest.row_count,
    include_media: manifest.include_media,
    media_only: manifest.media_only ?? false,
    media_size: manifest.media_size,
    lost_files: manifest.lost_files,
    logical_bytes: manifest.logical_bytes,
    bytes_read: manifest.change ? manifest.change.bytes_read + manifest.media_size : null,
    stored_bytes: manifest.stored_bytes,
    checksum,
    tags: annotation.tags ?? manifest.tags,
    pinned,
    last_verified: lastVerified,
    not_verified: notVerified,
    quarantine: quarantineOf(manifest, trust),
    error: null,
  }
}

function quarantineOf(manifest: Manifest, trust: Trust | undefined): QuarantineSummary | null {
  if (!manifest.quarantine) return null
  const { findings, ...file } = manifest.quarantine
  const found = trustOf(manifest, trust)
  const trusted = found && { scope: found.scope, at: found.at, by: found.by, reason: found.reason }
  return { ...file, findings: findings.length, trusted }
}
