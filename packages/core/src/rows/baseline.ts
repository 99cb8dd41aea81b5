import type { EarlierBase } from '../backup/find-base.ts'
import { type ChunkReader, createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { type Manifest, type TableRecord, tableSchema } from '../repository/documents/documents.ts'
import { readManifest } from '../repository/documents/manifests.ts'
import { requireDatabase } from '../repository/documents/media-only.ts'
import { requireTrusted } from '../repository/documents/trust.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { RestoreContext, Running } from '../restore/options.ts'

/** A stored backup that the live database is compared with: any one, not only the newest. */
export interface Baseline extends EarlierBase {
  manifest: Manifest
  /** Hex of the SHA-256 of the manifest. */
  checksum: string
  reader: ChunkReader
}

/** Reads what a backup says of its tables. Throws `BACKUP_NOT_FOUND`, `BACKUP_NOT_TRUSTED`, `BACKUP_MEDIA_ONLY`, `REPOSITORY_DAMAGED`. */
export async function openBaseline(
  { repository }: Pick<RestoreContext, 'repository'>,
  backupId: string,
  { signal, report }: Running = {},
): Promise<Baseline> {
  const { manifest, checksum } = await readManifest(repository, backupId, { signal })
  await requireTrusted(repository, manifest, { signal })
  requireDatabase(manifest)
  const index = await loadChunkIndex(repository, { signal, readAround: true })
  const reader = createChunkReader(repository, index, { signal, report, useCopies: true, aside: true })
  const tables = new Map<number, TableRecord>()
  for await (const table of reader.readJsonLines(manifest.streams.tables, tableSchema)) tables.set(table.oid, table)
  return { manifest, checksum, tables, reader, index }
}
