import { EngineError, isEngineError } from '../errors.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { IdSet } from '../repository/chunks/id-set.ts'
import { atOnce } from '../repository/concurrency.ts'
import { manifestChunkIds } from '../repository/documents/manifest-chunks.ts'
import { listManifests } from '../repository/documents/manifests.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import { listMarks, type Mark } from '../repository/index/marks.ts'
import { packObjectName, packOfObjectName, prefixes } from '../repository/layout.ts'
import type { Repository } from '../repository/repository.ts'
import { type PackUsage, packUsage } from './pack-usage.ts'
import type { PackFacts } from './prune-plan.ts'

/** All that a prune goes by, read in an order that makes it safe beside running backups. */
export interface PruneFacts {
  packs: PackFacts[]
  marks: Mark[]
  index: ChunkIndex
  usage: Map<string, PackUsage>
}

/**
 * Reads what prunePlan needs. Marks come first and manifests last: a backup that did not see a mark of age A, and that
 * takes less than A, is then among the manifests. Throws where it cannot be known what is needed: a manifest that does
 * not open, a list of chunks that cannot be read, a needed chunk in no pack.
 */
export async function gatherPruneFacts(
  repository: Repository,
  options: { signal?: AbortSignal } = {},
): Promise<PruneFacts> {
  try {
    return await gather(repository, options)
  } catch (error) {
    // A backup that was committed between our reading of the index and of the manifests looks like one with a loss.
    if (!isEngineError(error, 'CHUNK_MISSING')) throw error
    return gather(repository, options)
  }
}

async function gather(repository: Repository, options: { signal?: AbortSignal }): Promise<PruneFacts> {
  const marks = await listMarks(repository, options)
  const markTimes = await modificationTimes(repository, prefixes.marks, options)
  const stored = new Map<string, { bytes: number; modifiedAt: number }>()
  for await (const { name, bytes, modifiedAt } of repository.storage.list(prefixes.packs, options)) {
    const pack = packOfObjectName(name)
    if (pack !== null) stored.set(pack, { bytes, modifiedAt: modifiedAt.getTime() })
  }
  const index = await loadChunkIndex(repository, options)
  const live = await liveChunks(repository, index, options)
  const { packs: usages, homeless } = packUsage(index, live)
  if (homeless > 0)
    throw new EngineError(
      'CHUNK_MISSING',
      `${homeless} chunks that backups need are in no pack, so nothing was pruned.`,
    )

  const usage = new Map(usages.map((entry) => [entry.pack.name, entry]))
  for (const { pack, neededBytes } of usages) {
    if (neededBytes === 0 || stored.has(pack.name)) continue
    // Written by a backup that was committed since we listed the packs?
    const found = await repository.storage.stat(packObjectName(pack.name), options)
    if (found) stored.set(pack.name, { bytes: found.bytes, modifiedAt: found.modifiedAt.getTime() })
  }
  const markedAt = new Map<string, number>()
  for (const mark of marks) {
    const time = markTimes.get(mark.name)
    // The youngest mark counts; one that was deleted since it was listed counts not at all.
    if (time !== undefined)
      for (const pack of mark.packs) markedAt.set(pack, Math.max(time, markedAt.get(pack) ?? Number.NEGATIVE_INFINITY))
  }
  const orphans = new Set(index.unindexed)
  const packs = [...new Set([...usage.keys(), ...stored.keys(), ...markedAt.keys()])].map((name): PackFacts => {
    const used = usage.get(name)
    const neededBytes = used?.neededBytes ?? 0
    const isLost = neededBytes > 0 && used?.pack.state === 'missing'
    return {
      name,
      indexed: used !== undefined && !orphans.has(name),
      stored: isLost ? null : (stored.get(name) ?? null),
      markedAt: markedAt.get(name) ?? null,
      chunkBytes: used?.chunkBytes ?? 0,
      neededBytes,
    }
  })
  return { packs, marks, index, usage }
}

/** Every chunk some backup needs. Throws for a manifest that cannot be read: what it needs is unknown. */
async function liveChunks(
  repository: Repository,
  index: ChunkIndex,
  options: { signal?: AbortSignal },
): Promise<IdSet> {
  const live = new IdSet()
  const reader = createChunkReader(repository, index, options)
  await atOnce(listManifests(repository, options), 4, async ({ id, manifest, error }) => {
    if (!manifest)
      throw new EngineError('REPOSITORY_DAMAGED', `Backup ${id} cannot be read, so nothing was pruned.`, {
        cause: error,
        detail: { backup: id },
        advice: 'Run {maintenance.check}. If the backup is lost, delete it; then prune again.',
      })
    for await (const chunk of manifestChunkIds(reader, manifest)) live.add(Buffer.from(chunk, 'hex'))
  })
  return live
}

async function modificationTimes(
  repository: Repository,
  prefix: string,
  options: { signal?: AbortSignal },
): Promise<Map<string, number>> {
  const times = new Map<string, number>()
  for await (const { name, modifiedAt } of repository.storage.list(prefix, options))
    times.set(name, modifiedAt.getTime())
  return times
}
