import { isEngineError } from '../errors.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { manifestChunkIds } from '../repository/documents/manifest-chunks.ts'
import { listManifests } from '../repository/documents/manifests.ts'
import type { Repository } from '../repository/repository.ts'

/**
 * Ids of the backups that need something of these packs, by pack. Reads the lists of every backup, so it is asked for
 * the few packs that are damaged: for all of them the answer would be as large as packs times backups.
 */
export async function packUsers(
  repository: Repository,
  index: ChunkIndex,
  packs: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<Map<string, Set<string>>> {
  const users = new Map([...packs].map((pack) => [pack, new Set<string>()]))
  if (packs.size === 0) return users
  const reader = createChunkReader(repository, index, { signal })
  for await (const { id, manifest } of listManifests(repository, { signal })) {
    if (!manifest) continue
    try {
      for await (const chunk of manifestChunkIds(reader, manifest)) users.get(index.find(chunk)?.pack ?? '')?.add(id)
    } catch (error) {
      // How far the lists of a damaged backup can be read: it is a problem of its own.
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'CHUNK_MISSING')) throw error
    }
  }
  return users
}
