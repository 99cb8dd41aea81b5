import { throwIfAborted } from '../errors.ts'
import type { Reporter } from '../events.ts'
import { archiveSize } from '../postgres/archive/archive-size.ts'
import type { PieceDeflater } from '../postgres/archive/deflate-pieces.ts'
import { type ByteRange, writeArchive } from '../postgres/archive/write-archive.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { Repository } from '../repository/repository.ts'
import { archivePlan } from './archive-plan.ts'
import { type ExportOutput, openOutput } from './export-output.ts'
import type { ExportSource } from './export-source.ts'
import { reportingSource } from './reporting-source.ts'
import { repositorySource } from './repository-source.ts'

export interface ExportOptions {
  manifest: Manifest
  output: ExportOutput
  /** Level of the gzip compression inside, 1 to 9; 0 stores plainly. Default 6, as pg_dump. */
  compressionLevel?: number
  signal?: AbortSignal
  report?: Reporter
}

/** Length and SHA-256 (hex) of everything written. */
export interface ExportResult {
  bytes: number
  sha256: string
}

/** A backup that can be written as an archive, whole or in part. */
export interface OpenedDump {
  /** Bytes of the whole, or null where they are known only once it is written. Reads no rows. */
  size(): Promise<number | null>
  /** The whole, or to a stream only a range of it. */
  write(output: ExportOutput, range?: ByteRange): Promise<ExportResult>
}

/**
 * Writes a backup as a genuine pg_dump custom-format archive, which stock pg_restore lists and restores, also with -j
 * and from a pipe. In a file the offsets of data are filled in; a stream has none, as with pg_dump into a pipe.
 *
 * Memory is bounded whatever the size of the backup. A file appears only when it is whole. Throws what the repository's
 * reader throws, `STORAGE_FULL` or `STORAGE_FAILED` for the output, and `ABORTED`.
 */
export async function exportDump(context: { repository: Repository }, options: ExportOptions): Promise<ExportResult> {
  return (await openDump(context, options)).write(options.output)
}

/** The same in two steps, for callers that must know the size first or want a part. */
export async function openDump(
  { repository }: { repository: Repository },
  options: Omit<ExportOptions, 'output'>,
): Promise<OpenedDump> {
  const { manifest, signal, report, compressionLevel } = options
  const index = await loadChunkIndex(repository, { signal, readAround: true })
  const source = await repositorySource(
    createChunkReader(repository, index, { signal, report, useCopies: true, aside: true }),
    manifest,
  )
  const counted = reportingSource(source, manifest.logical_bytes - manifest.media_size, report)
  return {
    // With large objects it is not known, and there may be millions of entries to find that out from.
    size: async () =>
      manifest.large_object_count > 0 ? null : archiveSize(archivePlan(source, compressionLevel ?? defaultLevel)),
    write: (output, range) => exportArchive(counted, repository.threads, { output, compressionLevel, signal, range }),
  }
}

const defaultLevel = 6

/** The same from any source of a backup's contents. */
export async function exportArchive(
  source: ExportSource,
  deflater: PieceDeflater,
  options: Pick<ExportOptions, 'output' | 'compressionLevel' | 'signal'> & { range?: ByteRange },
): Promise<ExportResult> {
  throwIfAborted(options.signal)
  const plan = archivePlan(source, options.compressionLevel ?? defaultLevel)
  const writer = await openOutput(options.output)
  try {
    await writeArchive(plan, writer, { deflater, signal: options.signal, range: options.range })
    return await writer.finish()
  } catch (error) {
    await writer.abort()
    throw error
  }
}
