import type { Manifest } from '../repository/documents.ts'

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
  migration_state: Record<string, string[]>
  installed_packages: Record<string, string>
  database: string
  database_size: number
  table_count: number
  row_count: number
  include_media: boolean
  media_size: number
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
  error: null
}

export interface LastVerified {
  level: string
  at: string
  ok: boolean
}

/** What is known of a stored backup beside its manifest. */
export interface StoredBackup {
  manifest: Manifest
  checksum: string
  pinned: boolean
  lastVerified: LastVerified | null
}

export function backupSummary({ manifest, checksum, pinned, lastVerified }: StoredBackup): BackupSummary {
  return {
    id: manifest.id,
    number: manifest.number,
    status: 'completed',
    type: manifest.type,
    name: manifest.name,
    description: manifest.description,
    trigger: manifest.trigger,
    created_by: manifest.created_by,
    created_at: manifest.created_at,
    completed_at: manifest.completed_at,
    app_name: manifest.app_name,
    app_version: manifest.app_version,
    lifeboat_version: manifest.lifeboat_version,
    node_version: manifest.node_version,
    postgres_version: manifest.postgres_version,
    migration_state: manifest.migration_state,
    installed_packages: manifest.installed_packages,
    database: manifest.database,
    database_size: manifest.database_size,
    table_count: manifest.table_count,
    row_count: manifest.row_count,
    include_media: manifest.include_media,
    media_size: manifest.media_size,
    logical_bytes: manifest.logical_bytes,
    bytes_read: manifest.change ? manifest.change.bytes_read + manifest.media_size : null,
    stored_bytes: manifest.stored_bytes,
    checksum,
    tags: manifest.tags,
    pinned,
    last_verified: lastVerified,
    error: null,
  }
}
