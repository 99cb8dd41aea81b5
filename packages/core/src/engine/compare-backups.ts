import { openArchive } from '../postgres/archive/parse-archive.ts'
import { schemaEntries } from '../postgres/archive/schema-entries.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'
import { exclusionMatcher } from '../postgres/excluded.ts'
import { countSmallTables, readLiveTables } from '../postgres/live-tables.ts'
import { openSession } from '../postgres/session.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { type Manifest, tableSchema } from '../repository/documents/documents.ts'
import { requireDatabase } from '../repository/documents/media-only.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { Repository } from '../repository/repository.ts'
import { type ComparedTable, compareTables, type TableDifference } from '../schema/compare-tables.ts'
import { tablesOfDefinitions } from '../schema/table-schema.ts'

/** What one side of a comparison is. */
export type ComparedSide =
  | { kind: 'backup'; id: string; number: number; name: string; created_at: string; database: string }
  | { kind: 'live'; database: string; read_at: string }

/** What became of a database between two backups, or between a backup and now. */
export interface BackupComparison {
  before: ComparedSide
  after: ComparedSide
  /** Every table of either side, by name, with the changes of its columns, its rows and its bytes. */
  tables: TableDifference[]
}

interface Side {
  side: ComparedSide
  tables: ComparedTable[]
}

export async function compareWithBackup(
  repository: Repository,
  before: Manifest,
  after: Manifest,
  signal: AbortSignal | undefined,
): Promise<BackupComparison> {
  const [a, b] = await Promise.all([sideOfBackup(repository, before, signal), sideOfBackup(repository, after, signal)])
  return { before: a.side, after: b.side, tables: compareTables(a.tables, b.tables) }
}

/** Reads the live database's catalogs and counts its small tables: nothing that a busy database would feel. */
export async function compareWithLive(
  repository: Repository,
  before: Manifest,
  live: ConnectionParameters,
  signal: AbortSignal | undefined,
): Promise<BackupComparison> {
  const a = await sideOfBackup(repository, before, signal)
  const b = await sideOfDatabase(live, before, signal)
  return { before: a.side, after: b.side, tables: compareTables(a.tables, b.tables) }
}

async function sideOfBackup(repository: Repository, manifest: Manifest, signal?: AbortSignal): Promise<Side> {
  requireDatabase(manifest)
  const { id, number, name, created_at, database, streams, snapshot } = manifest
  const index = await loadChunkIndex(repository, { signal, readAround: true })
  const reader = createChunkReader(repository, index, { signal })
  const archive = openArchive(await reader.readBytes(streams.schema))
  const definitions = tablesOfDefinitions([...schemaEntries(archive)])
  const tables = new Map<string, ComparedTable>()
  for (const definition of definitions) {
    const table = `${definition.schema}.${definition.name}`
    tables.set(table, { table, definition, size: null })
  }
  for await (const { schema, name: own, rows, bytes, blocks, rows_excluded } of reader.readJsonLines(
    streams.tables,
    tableSchema,
  )) {
    const table = `${schema}.${own}`
    const size = rows_excluded ? null : { rows, exact: true, bytes, disk_bytes: blocks * snapshot.block_size }
    tables.set(table, { table, definition: tables.get(table)?.definition ?? null, size })
  }
  return { side: { kind: 'backup', id, number, name, created_at, database }, tables: [...tables.values()] }
}

async function sideOfDatabase(live: ConnectionParameters, like: Manifest, signal?: AbortSignal): Promise<Side> {
  const session = await openSession(live, { application: 'comparison', signal, statementTimeoutMs: 20_000 })
  try {
    // What the backup leaves out on request has not been added since.
    const matcher = exclusionMatcher(like.exclusions)
    const found = (await readLiveTables(session.query)).filter((table) => !matcher.excludesTable(table))
    const counted = found.filter((table) => !matcher.excludesRows(table))
    const counts = await countSmallTables(session.query, counted)
    const measured = new Set(counted.filter(({ has_rows }) => has_rows).map(({ oid }) => oid))
    const tables = found.map(({ oid, schema, name, columns, estimated_rows, blocks }): ComparedTable => {
      const rows = counts.get(oid) ?? estimated_rows
      const size = { rows, exact: counts.has(oid), bytes: null, disk_bytes: blocks * like.snapshot.block_size }
      return {
        table: `${schema}.${name}`,
        definition: { schema, name, columns },
        size: measured.has(oid) ? size : null,
      }
    })
    return { side: { kind: 'live', database: live.database, read_at: new Date().toISOString() }, tables }
  } finally {
    await session.close()
  }
}
