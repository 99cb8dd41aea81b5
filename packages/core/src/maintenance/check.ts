import { type EngineError, isEngineError, throwIfAborted } from '../errors.ts'
import type { Reporter } from '../events.ts'
import type { ChunkIndex } from '../repository/chunk-index.ts'
import { createChunkReader } from '../repository/chunk-reader.ts'
import { packObjectName, recoverName } from '../repository/layout.ts'
import { listPacks, loadChunkIndex } from '../repository/load-index.ts'
import { manifestChunkIds } from '../repository/manifest-chunks.ts'
import { listManifests } from '../repository/manifests.ts'
import { checkPack } from '../repository/pack-reader.ts'
import type { Repository } from '../repository/repository.ts'
import { StorageObjectMissing } from '../storage/storage.ts'
import { checkRecords, objectDigest } from './check-records.ts'

/** Something wrong in a repository. */
export interface CheckProblem {
  /** Name of the object that is missing or damaged. */
  object: string
  /** One sentence for people. */
  message: string
  /** Ids of the backups that cannot be restored because of it, as far as they are known. */
  backups: string[]
}

export interface CheckReport {
  ok: boolean
  problems: CheckProblem[]
  backups: number
  packs: number
  /** Bytes of all packs. */
  bytes: number
  /** Packs no index object lists: of a running backup, or left by a dead one. No problem; prune deals with them. */
  unindexedPacks: number
  /** SHA-256 of the recovery program in the storage, to be compared with the recovery kit; null without one. */
  recoverSha256: string | null
  /** Whether every byte was read. */
  readData: boolean
}

export interface CheckOptions {
  /** Read every pack whole: its name, its table, and every chunk opened. Without it, presence and sizes are checked. */
  readData?: boolean
  signal?: AbortSignal
  report?: Reporter
}

/**
 * Checks a repository: every document opens, every chunk that a backup needs is indexed in a pack that is there and has
 * the indexed size; with `readData` also that every byte is what was written. What is damaged is in the report, never
 * an error; only a storage out of reach is. Changes nothing.
 */
export async function checkRepository(repository: Repository, options: CheckOptions = {}): Promise<CheckReport> {
  const { readData = false, signal, report } = options
  const problems: CheckProblem[] = []
  report?.({ type: 'phase', phase: 'documents' })
  problems.push(...(await checkRecords(repository, { signal })))
  const stored = await listPacks(repository, signal)
  const bytes = [...stored.values()].reduce((sum, size) => sum + size, 0)
  const recoverSha256 = await objectDigest(repository, recoverName, { signal })
  const counts = { backups: 0, packs: stored.size, bytes, unindexedPacks: 0, recoverSha256, readData }
  let index: ChunkIndex
  try {
    index = await loadChunkIndex(repository, { signal })
  } catch (error) {
    // Which object it is stands among the documents' problems already. Without an index nothing more can be said.
    if (!isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
    if (problems.length === 0) problems.push(problemOf(error))
    return { ok: false, problems, ...counts }
  }
  counts.unindexedPacks = index.unindexed.length

  report?.({ type: 'phase', phase: 'backups' })
  const packUsers = new Map<string, Set<string>>()
  for await (const { id, manifest, error } of listManifests(repository, { signal })) {
    counts.backups++
    if (!manifest) {
      problems.push({ object: `backups/${id}`, message: error?.message ?? `Backup ${id} is damaged.`, backups: [id] })
      continue
    }
    try {
      const missing = await findPacks(repository, index, id, manifest, packUsers, signal)
      if (missing.length > 0) {
        const [first] = missing
        const objects = first === undefined ? [] : index.findMissing(first).map(packObjectName)
        const message = `${missing.length} chunks of backup ${id} are missing${objects.length ? `; they were in ${objects.join(', ')}` : ''}.`
        problems.push({ object: objects[0] ?? `backups/${id}`, message, backups: [id] })
      }
    } catch (error) {
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'CHUNK_MISSING')) throw error
      problems.push({ ...problemOf(error), backups: [id] })
    }
  }
  for (const pack of index.packs())
    if (pack.state === 'missing') problems.push(lostPack(pack.name, pack.bytes, stored.get(pack.name)))

  if (readData) problems.push(...(await checkPackData(repository, index, stored, packUsers, options)))
  return { ok: problems.length === 0, problems, ...counts }
}

/** Notes which packs a backup needs; gives its chunks that are in no usable pack. */
async function findPacks(
  repository: Repository,
  index: ChunkIndex,
  id: string,
  manifest: Parameters<typeof manifestChunkIds>[1],
  packUsers: Map<string, Set<string>>,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const missing: string[] = []
  const reader = createChunkReader(repository, index, { signal, recheck: true })
  for await (const chunk of manifestChunkIds(reader, manifest)) {
    throwIfAborted(signal)
    const pack = index.find(chunk)?.pack
    if (pack === undefined) missing.push(chunk)
    else if (packUsers.has(pack)) packUsers.get(pack)?.add(id)
    else packUsers.set(pack, new Set([id]))
  }
  return missing
}

function lostPack(name: string, expected: number, found: number | undefined): CheckProblem {
  const object = packObjectName(name)
  const message =
    found === undefined ? `${object} is missing.` : `${object} has ${found} bytes; it should have ${expected}.`
  return { object, message, backups: [] }
}

async function checkPackData(
  repository: Repository,
  index: ChunkIndex,
  stored: Map<string, number>,
  packUsers: Map<string, Set<string>>,
  { signal, report }: CheckOptions,
): Promise<CheckProblem[]> {
  report?.({ type: 'phase', phase: 'data' })
  const problems: CheckProblem[] = []
  const bytesTotal = [...stored.values()].reduce((sum, size) => sum + size, 0)
  let bytes = 0
  for (const [pack, size] of stored) {
    throwIfAborted(signal)
    const backups = [...(packUsers.get(pack) ?? [])]
    try {
      const table = await checkPack(repository, pack, { signal })
      const indexed = index.packTable(pack)
      if (indexed && JSON.stringify(indexed.chunks) !== JSON.stringify(table.chunks))
        problems.push({
          object: packObjectName(pack),
          message: `${packObjectName(pack)} holds other chunks than the index says.`,
          backups,
        })
    } catch (error) {
      if (isEngineError(error, 'REPOSITORY_DAMAGED')) problems.push({ ...problemOf(error), backups })
      // One that a prune deleted meanwhile was needed by nobody; one the index misses is reported already.
      else if (!(error instanceof StorageObjectMissing)) throw error
    }
    bytes += size
    report?.({ type: 'progress', phase: 'data', bytes, bytesTotal })
  }
  return problems
}

function problemOf(error: EngineError): CheckProblem {
  const [object = 'repository'] = Array.isArray(error.detail.objects) ? error.detail.objects.map(String) : []
  return { object, message: error.message, backups: [] }
}
