import { randomBytes } from 'node:crypto'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { createChunkWriter } from '../repository/chunks/chunk-writer.ts'
import { newBackupId } from '../repository/documents/backup-id.ts'
import { tableSchema } from '../repository/documents/documents.ts'
import { listManifests } from '../repository/documents/manifests.ts'
import { emptyStream, sampleManifest } from '../repository/documents/sample-manifest.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import { initRepository } from '../repository/init.ts'
import { openRepository } from '../repository/open.ts'
import type { FinishedPack } from '../repository/packs/pack.ts'
import type { Repository } from '../repository/repository.ts'
import { createRepositoryWriter, type RepositoryWriter } from '../repository/repository-writer.ts'
import type { Storage } from '../storage/storage.ts'

/** Backups without a database, for tests of maintenance: tables whose rows are given bytes, in very small chunks. */
const key = { rawKey: Buffer.alloc(32, 7) }
const chunker = { minBytes: 64, normalBytes: 128, maxBytes: 256, strictBits: 8, looseBits: 4 }
const packBytes = 1_500

export const initSampleRepository = (storage: Storage): Promise<Repository> => initRepository(storage, key, { chunker })
export const openSampleRepository = (storage: Storage): Promise<Repository> => openRepository(storage, key)

/** A backup in progress, step by step, so that other things can happen between two of them. */
export interface SampleBackup {
  id: string
  write(tables: Record<string, Buffer>): Promise<void>
  finish(): Promise<void>
  commit(): Promise<void>
}

export async function beginSampleBackup(repository: Repository): Promise<SampleBackup> {
  const id = newBackupId()
  const index = await loadChunkIndex(repository)
  const writer: RepositoryWriter = createRepositoryWriter(repository, { index, packBytes })
  const lines: object[] = []
  let manifest = sampleManifest(id, {
    schema: emptyStream,
    tables: emptyStream,
    sequences: emptyStream,
    large_objects: emptyStream,
  })
  return {
    id,
    async write(tables) {
      for (const [name, data] of Object.entries(tables)) {
        const packs: FinishedPack[] = []
        const { keys } = repository
        const chunks = createChunkWriter({
          keys,
          chunker,
          known: index.known(),
          packBytes,
          onPack: (pack) => packs.push(pack),
        })
        const stream = chunks.openStream()
        stream.write(data)
        const { ids } = stream.end()
        chunks.flush()
        for (const pack of packs) await writer.storePack(pack)
        lines.push(tableRecord(name, data.length, ids))
      }
      const schema = await writer.writeStream(Buffer.concat([Buffer.from('PGDMP'), Buffer.from(id)]))
      const streams = { ...manifest.streams, schema, tables: await writer.writeJsonLines(lines) }
      manifest = { ...manifest, streams, table_count: lines.length, row_count: lines.length }
    },
    async finish() {
      await writer.finish()
    },
    async commit() {
      await writer.commit(manifest)
    },
  }
}

export async function addSampleBackup(repository: Repository, tables: Record<string, Buffer>): Promise<string> {
  const backup = await beginSampleBackup(repository)
  await backup.write(tables)
  await backup.commit()
  return backup.id
}

/** Reads every backup whole; throws for the first that cannot be. Gives the tables by backup. */
export async function readSampleBackups(repository: Repository): Promise<Map<string, Record<string, Buffer>>> {
  const found = new Map<string, Record<string, Buffer>>()
  // By the index objects alone: packs that are found only by their own tables would hide a hole in the index.
  const index = await loadChunkIndex(repository, { checkPacks: false })
  const reader = createChunkReader(repository, index, { recheck: true })
  for await (const { id, manifest, error } of listManifests(repository)) {
    if (!manifest) throw error
    const tables: Record<string, Buffer> = {}
    await reader.readBytes(manifest.streams.schema)
    for await (const table of reader.readJsonLines(manifest.streams.tables, tableSchema)) {
      const pieces: Buffer[] = []
      for (const segment of Array.isArray(table.segments) ? table.segments : [])
        for await (const piece of reader.readChunks(segment.chunks)) pieces.push(piece)
      tables[table.name] = Buffer.concat(pieces)
    }
    found.set(id, tables)
  }
  return found
}

export const sampleRows = (bytes: number): Buffer => randomBytes(bytes)

function tableRecord(name: string, bytes: number, chunks: string[]) {
  return {
    oid: 1,
    schema: 'public',
    name,
    relkind: 'r',
    relfilenode: 1,
    access_method: 'heap',
    columns: ['a'],
    fingerprint: '',
    comparable: true,
    condition: null,
    rows: 1,
    bytes,
    blocks: 1,
    segment_blocks: 1024,
    segments: [{ start: 0, end: null, blocks: 1, rows: 1, bytes, chunks }],
  }
}
