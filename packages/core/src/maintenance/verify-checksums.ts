import { counted } from '../counted.ts'
import { isEngineError, throwIfAborted } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { IdSet } from '../repository/chunks/id-set.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { manifestChunkIds } from '../repository/documents/manifest-chunks.ts'
import { packObjectName } from '../repository/layout.ts'
import { checkPack } from '../repository/packs/pack-reader.ts'
import type { Repository } from '../repository/repository.ts'
import { StorageObjectMissing } from '../storage/storage.ts'

/**
 * Reads every pack a backup needs whole and proves it. In a damaged one each chunk the backup needs is tried by itself,
 * from every copy there is: only what cannot be read anywhere is a problem, the rest is a warning.
 */
export async function verifyChecksums(
  repository: Repository,
  index: ChunkIndex,
  manifest: Manifest,
  { signal, report }: { signal?: AbortSignal; report?: Reporter },
): Promise<string[]> {
  const reader = createChunkReader(repository, index, { signal, recheck: true })
  const problems: string[] = []
  const needed = new IdSet()
  let lost = 0
  const packs = new Set<string>()
  for await (const id of manifestChunkIds(reader, manifest)) {
    throwIfAborted(signal)
    if (!needed.add(Buffer.from(id, 'hex'))) continue
    const pack = index.find(id)?.pack
    if (pack === undefined) lost++
    else packs.add(pack)
  }
  if (lost > 0)
    problems.push(
      `In no pack that is there in its full size: ${counted(lost, 'chunk')}. {maintenance.check} names the pack.`,
    )
  /** What the backup needs of a pack, as the index says: of a backup of terabytes not even the ids are held as text. */
  const neededOf = (pack: string) =>
    (index.packTable(pack)?.chunks ?? [])
      .map(({ id }) => id)
      .filter((id) => needed.has(Buffer.from(id, 'hex')) && index.find(id)?.pack === pack)
  const bytesTotal = [...packs].reduce((sum, pack) => sum + (index.pack(pack)?.bytes ?? 0), 0)
  let bytes = 0
  for (const pack of packs) {
    throwIfAborted(signal)
    try {
      const table = await checkPack(repository, pack, { signal })
      const held = new Set(table.chunks.map((chunk) => chunk.id))
      const absent = neededOf(pack).filter((id) => !held.has(id))
      if (absent.length > 0) problems.push(`${packObjectName(pack)} lacks ${absent.length} chunks it should hold.`)
    } catch (error) {
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !(error instanceof StorageObjectMissing)) throw error
      log(report, 'warning', error.message)
      for (const id of neededOf(pack))
        await reader.readChunk(id).catch((lost: unknown) => {
          if (!isEngineError(lost, 'REPOSITORY_DAMAGED') && !isEngineError(lost, 'CHUNK_MISSING')) throw lost
          problems.push(lost.message)
        })
    }
    bytes += index.pack(pack)?.bytes ?? 0
    report?.({ type: 'progress', phase: 'verify.checksums', bytes, bytesTotal })
  }
  return problems
}
