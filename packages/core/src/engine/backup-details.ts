import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { tableSchema } from '../repository/documents/documents.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { Repository } from '../repository/repository.ts'
import type { BackupDetails, TableSummary } from './engine-type.ts'
import { backupSummary, type StoredBackup } from './summary.ts'

/** Where the chunks are, for callers that only read backups. */
export function loadIndex(repository: Repository, signal: AbortSignal | undefined): Promise<ChunkIndex> {
  return loadChunkIndex(repository, { signal, readAround: true })
}

/** One backup in full: its summary, and what its streams say of every table. */
export async function backupDetails(
  repository: Repository,
  stored: StoredBackup,
  { index, signal }: { index: ChunkIndex; signal: AbortSignal | undefined },
): Promise<BackupDetails> {
  const { manifest } = stored
  const reader = createChunkReader(repository, index, { signal })
  const tables: TableSummary[] = []
  for await (const table of reader.readJsonLines(manifest.streams.tables, tableSchema)) {
    const { schema, name, rows, bytes, change } = table
    tables.push({ table: `${schema}.${name}`, rows, bytes, change: change ?? null })
  }
  return {
    ...backupSummary(stored),
    base: manifest.base,
    change: manifest.change ?? null,
    down_steps: manifest.down_steps ?? [],
    findings: manifest.quarantine?.findings ?? [],
    tables,
    table_counts: Object.fromEntries(tables.map(({ table, rows }) => [table, rows])),
    large_object_count: manifest.large_object_count,
    media: manifest.media.map(({ tar: _, ...folder }) => folder),
    exclusions: manifest.exclusions,
    catalog_schemas: manifest.catalog_schemas,
    extensions: manifest.extensions,
    roles: manifest.roles,
    tablespaces: manifest.tablespaces,
    database_properties: manifest.database_properties,
  }
}
