import { EngineError, throwIfAborted } from '../errors.ts'
import { gzipPieces } from '../postgres/archive/deflate-pieces.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { damaged } from '../repository/damage.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { Repository } from '../repository/repository.ts'
import type { ExportOptions, ExportResult } from './export-dump.ts'
import { openOutput } from './export-output.ts'
import { progressOf } from './reporting-source.ts'

/**
 * Writes the media folders of a backup as one `.tar.gz`: each folder below its own name, readable by any tar. Level 0
 * to 9, default 6. Throws what {@link exportDump} throws, and `BACKUP_NOT_FOUND` where the backup has no media.
 */
export async function exportMedia(context: { repository: Repository }, options: ExportOptions): Promise<ExportResult> {
  const { manifest, signal, report, compressionLevel = 6 } = options
  if (manifest.media.length === 0)
    throw new EngineError('BACKUP_NOT_FOUND', `Backup ${manifest.id} holds no media files.`, {
      advice: 'Choose a backup that was made with media ({backups.list} shows which).',
    })
  const { repository } = context
  const reader = createChunkReader(repository, await loadChunkIndex(repository, { signal, readAround: true }), {
    signal,
    report,
    useCopies: true,
    aside: true,
  })
  const total = manifest.media.reduce((sum, { tar }) => sum + tar.bytes, 0)
  const tar = joinTars(manifest.media.map((media) => reader.readStream(media.tar)))
  const writer = await openOutput(options.output)
  try {
    const counted = progressOf(report, total).counted(tar)
    for await (const bytes of gzipPieces(counted, compressionLevel, repository.threads)) {
      throwIfAborted(signal)
      await writer.write(bytes)
    }
    return await writer.finish()
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** Two empty blocks of 512 bytes end a tar. */
const tarEnd = Buffer.alloc(1024)

/** Several tars as one: the end of all but the last is left out. */
export async function* joinTars(tars: readonly AsyncIterable<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  for (const tar of tars) {
    let held: Uint8Array = Buffer.alloc(0)
    for await (const piece of tar) {
      const bytes = held.length === 0 ? piece : Buffer.concat([held, piece])
      const end = Math.max(0, bytes.length - tarEnd.length)
      if (end > 0) yield bytes.subarray(0, end)
      held = bytes.subarray(end)
    }
    if (!tarEnd.equals(held)) throw damaged('The archive of a media folder', 'does not end as a tar does')
  }
  yield tarEnd
}
