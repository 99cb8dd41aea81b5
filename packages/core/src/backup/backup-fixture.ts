import { resolveConnection } from '../postgres/connection.ts'
import { copyOut } from '../postgres/copy-out.ts'
import { openSession } from '../postgres/session.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { type Manifest, type TableRecord, tableSchema } from '../repository/documents/documents.ts'
import { readSegments } from '../repository/documents/manifest-chunks.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import { initRepository } from '../repository/init.ts'
import type { Repository } from '../repository/repository.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import type { Storage } from '../storage/storage.ts'
import type { BackupContext, BackupOptions, BackupResources } from './backup-context.ts'

/** For tests: what a backup of the database at `url` needs, with small packs and segments so that there are several. */
export async function testContext(
  url: string,
  changes: Partial<Omit<BackupContext, 'resources'>> & { storage?: Storage; resources?: Partial<BackupResources> } = {},
): Promise<BackupContext> {
  const { storage = createMemoryStorage(), resources, ...rest } = changes
  return {
    repository: rest.repository ?? (await initRepository(storage, { rawKey: Buffer.alloc(32, 7) })),
    database: resolveConnection(url),
    inspectors: [],
    media: [],
    app: { name: 'test', version: '1.2.3', installedPackages: { pg: '8.23.1' } },
    resources: {
      connections: 2,
      packBytes: 1 << 20,
      compressionLevel: 1,
      segmentBlocks: 16,
      maxSnapshotAgeMs: 600_000,
      retryDelaysMs: [],
      ...resources,
    },
    ...rest,
  }
}

/** For tests: options of a backup, with quiet defaults. */
export function testOptions(changes: Partial<BackupOptions> = {}): BackupOptions {
  return {
    name: 'nightly',
    description: '',
    type: 'full',
    trigger: 'manual',
    createdBy: 'test',
    tags: {},
    includeMedia: false,
    pinned: false,
    exclude: { tables: [], schemas: [], rows: [] },
    lockBudgetMs: 3000,
    ...changes,
  }
}

/** For tests: what a repository holds of a backup, read back from its storage. */
export async function openBackup(repository: Repository, manifest: Manifest) {
  const reader = createChunkReader(repository, await loadChunkIndex(repository), { recheck: true })
  const tables = new Map<string, TableRecord>()
  for await (const table of reader.readJsonLines(manifest.streams.tables, tableSchema))
    tables.set(`${table.schema}.${table.name}`, table)
  const chunksOf = async (segments: TableRecord['segments']) => {
    const parts: Buffer[] = []
    for await (const segment of readSegments(reader, segments))
      for await (const chunk of reader.readChunks(segment.chunks)) parts.push(chunk)
    return Buffer.concat(parts)
  }
  return {
    reader,
    tables,
    /** The COPY text of a table. */
    rows(name: string): Promise<Buffer> {
      const table = tables.get(name)
      if (!table) throw new Error(`The backup has no table ${name}.`)
      return chunksOf(table.segments)
    },
    largeObjectPages: () => chunksOf(manifest.large_object_segments),
  }
}

/** For tests: what COPY says of the source now. */
export async function copySource(url: string, sql: string): Promise<Buffer> {
  const session = await openSession(resolveConnection(url), { application: 'test' })
  const parts: Buffer[] = []
  await copyOut(session, sql, (bytes) => parts.push(Buffer.from(bytes)))
  await session.close()
  return Buffer.concat(parts)
}

/** For tests: the application names of our backends that are still there. */
export const ourBackendsSql = `SELECT application_name AS name FROM pg_stat_activity WHERE application_name LIKE 'lifeboat:%'`
