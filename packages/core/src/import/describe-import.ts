import type { Reporter } from '../events.ts'
import { newBackupId } from '../repository/documents/backup-id.ts'
import type { Finding, Manifest, Segment, StreamRef } from '../repository/documents/documents.ts'
import { noSnapshot } from '../repository/documents/nothing-read.ts'
import { formatVersion } from '../repository/layout.ts'
import { version } from '../version.ts'
import type { ArchiveFacts } from './archive-facts.ts'

export interface ImportOptions {
  name: string
  description: string
  tags: Record<string, string>
  createdBy: string
  pinned: boolean
  /** Hex of the SHA-256 that the file must have. */
  sha256?: string | undefined
  app: { name: string }
  packBytes: number
  compressionLevel: number
  signal?: AbortSignal | undefined
  report?: Reporter | undefined
}

/** What was stored of a file, besides its definitions. */
export interface StoredData {
  streams: { tables: StreamRef; large_objects: StreamRef }
  largeObjectSegments: Segment[] | StreamRef
  largeObjects: number
  tables: number
  rows: number
  bytes: number
}

/** What an import does not know of its database is none of any server's: no backup compares with it. */
export function describeImport(made: {
  number: number
  storedBytes: number
  streams: Manifest['streams']
  data: StoredData
  facts: ArchiveFacts
  options: ImportOptions
  file: { file_sha256: string; file_bytes: number }
  findings: Finding[]
}): Manifest {
  const { facts, data, options, streams, file, findings } = made
  const now = new Date().toISOString()
  return {
    format: formatVersion,
    id: newBackupId(),
    number: made.number,
    type: 'full',
    base: null,
    name: options.name,
    description: options.description,
    trigger: 'import',
    created_by: options.createdBy,
    created_at: now,
    completed_at: now,
    app_name: options.app.name,
    app_version: null,
    lifeboat_version: version,
    node_version: process.versions.node,
    postgres_version: facts.postgresVersion,
    server_version_num: facts.serverVersion,
    migration_state: {},
    migrations: [],
    installed_packages: {},
    database: facts.database,
    database_size: data.bytes,
    database_properties: facts.properties,
    extensions: facts.extensions,
    roles: facts.roles,
    tablespaces: facts.tablespaces,
    populated_views: facts.populatedViews,
    exclusions: { tables: [], schemas: [], rows: [] },
    catalog_schemas: [],
    snapshot: { ...noSnapshot, taken_at: facts.dumpedAt.toISOString() },
    table_count: data.tables,
    row_count: data.rows,
    include_media: false,
    media: [],
    media_size: 0,
    lost_files: 0,
    logical_bytes: data.bytes + streams.schema.bytes,
    stored_bytes: made.storedBytes,
    tags: options.tags,
    streams,
    large_object_segments: data.largeObjectSegments,
    large_object_count: data.largeObjects,
    quarantine: { ...file, findings },
    change: {
      reason: 'imported from a file',
      last_full_at: now,
      large_object_pages: false,
      large_objects: { kind: 'read', reason: 'imported from a file', segments_read: 0 },
      bytes_read: data.bytes,
      segments: 0,
      segments_read: 0,
      segments_sampled: 0,
    },
  }
}
