import type { StreamRef } from '../../repository/documents/documents.ts'
import type { RestoreRun } from '../restore-run.ts'

/** Of each folder. */
const sampleBytes = 64 * 1024 * 1024
/** As many chunks as that is at least, by their usual size. */
const sampleChunks = 128

/**
 * Reads some of the media of a backup, a part of each folder that begins at a place of chance, and proves what is read:
 * nothing is given out that does not open. Gives the bytes.
 *
 * @throws EngineError `CHUNK_MISSING`, `REPOSITORY_DAMAGED`.
 */
export async function proveMedia({ manifest, reader }: Pick<RestoreRun, 'manifest' | 'reader'>): Promise<number> {
  let total = 0
  for (const { tar } of manifest.media) {
    let bytes = 0
    for await (const chunk of reader.readChunks(sampleOf(reader, tar))) {
      bytes += chunk.length
      if (bytes >= sampleBytes) break
    }
    total += bytes
  }
  return total
}

/** Read twice: the ids of a large folder are not held in memory. */
async function* sampleOf(reader: RestoreRun['reader'], tar: StreamRef): AsyncGenerator<string> {
  let count = 0
  for await (const _ of reader.chunkIds(tar)) count++
  const start = Math.floor(Math.random() * (Math.max(0, count - sampleChunks) + 1))
  let position = 0
  for await (const id of reader.chunkIds(tar)) if (position++ >= start) yield id
}
