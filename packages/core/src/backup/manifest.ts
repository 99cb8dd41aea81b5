import type { ServerFacts } from '../postgres/server-facts.ts'
import type { Manifest, MediaRecord } from '../repository/documents/documents.ts'
import { formatVersion } from '../repository/layout.ts'
import { version } from '../version.ts'
import type { BackupContext, BackupOptions } from './backup-context.ts'
import { lastFullAt } from './base.ts'
import type { DatabaseReading } from './read-database.ts'

/** Puts together what a backup says of itself. */
export function describeBackup(made: {
  id: string
  number: number
  createdAt: Date
  context: BackupContext
  options: BackupOptions
  server: ServerFacts
  snapshot: Manifest['snapshot']
  reading: DatabaseReading
  media: MediaRecord[]
  storedBytes: number
  /** What was compared with, and why not where nothing was. */
  base: Manifest | null
  reason: string
  auditHead?: Manifest['audit_head'] | null
}): Manifest {
  const { context, options, server, reading, media, base } = made
  const { facts } = reading
  const { app } = context
  const mediaSize = media.reduce((sum, { bytes }) => sum + bytes, 0)
  return {
    format: formatVersion,
    id: made.id,
    number: made.number,
    type: base ? options.type : 'full',
    base: base?.id ?? null,
    name: options.name,
    description: options.description,
    trigger: options.trigger,
    created_by: options.createdBy,
    created_at: made.createdAt.toISOString(),
    completed_at: new Date().toISOString(),
    app_name: app.name,
    app_version: app.version,
    lifeboat_version: version,
    node_version: process.versions.node,
    postgres_version: server.version,
    server_version_num: server.version_num,
    migration_state: facts.migrations.migration_state,
    migrations: facts.migrations.migrations,
    ...(facts.invariants.length > 0 ? { invariants: facts.invariants } : {}),
    ...(facts.downSteps.length > 0 ? { down_steps: facts.downSteps } : {}),
    installed_packages: app.installedPackages,
    database: server.database,
    database_size: options.mediaOnly ? 0 : server.database_size,
    database_properties: facts.properties,
    extensions: facts.extensions,
    roles: facts.roles,
    tablespaces: facts.tablespaces,
    populated_views: facts.populatedViews,
    exclusions: {
      tables: [...options.exclude.tables],
      schemas: [...options.exclude.schemas],
      rows: [...options.exclude.rows],
    },
    catalog_schemas: facts.catalogSchemas,
    snapshot: made.snapshot,
    table_count: reading.tableCount,
    row_count: reading.rowCount,
    include_media: options.includeMedia,
    ...(options.mediaOnly ? { media_only: true } : {}),
    media,
    media_size: mediaSize,
    lost_files: media.reduce((sum, { lost }) => sum + lost, 0),
    logical_bytes: reading.bytes + media.reduce((sum, { tar }) => sum + tar.bytes, 0),
    stored_bytes: made.storedBytes,
    tags: options.tags,
    ...(made.auditHead ? { audit_head: made.auditHead } : {}),
    streams: reading.streams,
    large_object_segments: reading.largeObjectSegments,
    large_object_count: reading.largeObjectCount,
    change: {
      ...reading.change,
      reason: made.reason,
      last_full_at: base ? lastFullAt(base) : made.createdAt.toISOString(),
    },
  }
}
