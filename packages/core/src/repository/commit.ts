import { createHash } from 'node:crypto'
import { EngineError } from '../errors.ts'
import type { Storage } from '../storage/storage.ts'
import type { ChunkIndex } from './chunks/chunk-index.ts'
import { createChunkReader } from './chunks/chunk-reader.ts'
import { unreadable } from './chunks/fetch-sealed.ts'
import { damaged } from './damage.ts'
import { type Manifest, manifestSchema } from './documents/documents.ts'
import { manifestChunkIds } from './documents/manifest-chunks.ts'
import { manifestName, readManifest } from './documents/manifests.ts'
import { openedBackups } from './documents/opened-objects.ts'
import { sealDocument } from './documents/sealed-document.ts'
import { listPacks } from './index/load-index.ts'
import { applyMarks } from './index/marks.ts'
import { keepLocked, lockManifest } from './keep-locked.ts'
import { packObjectName } from './layout.ts'
import type { Repository } from './repository.ts'

/** A lease that was asserted longer ago than this is asserted once more before the manifest is put. */
const assertedForMs = 2_000

/** The part of a lease that a commit needs. */
export interface CommitLease {
  /** Throws `LEASE_LOST` when another holder has taken over. */
  assertHeld(options?: { withinMs?: number }): Promise<void>
}

/** Puts a manifest, with every check before and after: see `RepositoryWriter.commit`. */
export async function commitManifest(
  repository: Repository,
  index: ChunkIndex,
  manifest: Manifest,
  options: { signal?: AbortSignal; lease?: CommitLease } = {},
): Promise<{ checksum: string }> {
  const { storage, keys } = repository
  const { signal, lease } = options
  const name = manifestName(manifest.id)
  const plain = Buffer.from(JSON.stringify(manifestSchema.parse(manifest)))
  const checksum = createHash('sha256').update(plain).digest('hex')
  const data = sealDocument(keys, name, plain)

  // Together, because over a network each answer is waited for.
  const began = performance.now()
  const [marks, stored, used] = await Promise.all([
    applyMarks(repository, index, signal),
    listPacks(repository, signal),
    usedPacks(repository, index, manifest, signal),
    lease?.assertHeld({ withinMs: assertedForMs }),
  ])
  // Where a mark was read only now, another pack may hold the same chunks.
  const isMarked = [...used.keys()].some((pack) => index.pack(pack)?.state === 'marked')
  const packs = isMarked ? await usedPacks(repository, index, manifest, signal) : used
  checkPacks(index, stored, packs)
  await keepLocked(repository, packs.keys(), { signal })
  if (performance.now() - began > assertedForMs) await lease?.assertHeld()
  let created = false
  try {
    created = await storage.put(name, data, { ifAbsent: true, signal })
    if (!created) {
      // A put that was repeated after a lost answer finds its own object.
      if (!(await storage.get(name, { signal })).equals(data)) {
        throw new EngineError('INTERNAL', `There is a backup with the id ${manifest.id} already.`)
      }
    }
    // A mark set since we looked may be of a prune that listed the backups before this one was there.
    const [back, later] = await Promise.all([
      readManifest(repository, manifest.id, { signal }),
      applyMarks(repository, index, signal),
    ])
    if (back.checksum !== checksum) throw damaged(name, 'reads back as something else than what was written')
    const fresh = later.filter((mark) => !marks.some((earlier) => earlier.name === mark.name))
    const marked = fresh.flatMap((mark) => mark.packs).find((pack) => packs.has(pack))
    if (marked !== undefined) throw chunkMarked(marked)
    await lockManifest(repository, name, signal)
    openedBackups(repository).manifests.setNew({ name, bytes: data.length }, back)
  } catch (error) {
    if (created) await storage.delete(name).catch(() => {})
    else await takeBack(storage, name, data).catch(() => {})
    throw error
  }
  return { checksum }
}

/**
 * Deletes what a put left whose answer was lost, be it only its beginning. Nothing else: the backup of this id may be
 * there already, completed by another process that took up the same job while this one was paused.
 */
async function takeBack(storage: Storage, name: string, data: Buffer): Promise<void> {
  const stored = await storage.get(name)
  if (stored.equals(data.subarray(0, stored.length))) await storage.delete(name)
}

/** The packs that hold what the backup needs, each with a chunk it is needed for. */
async function usedPacks(
  repository: Repository,
  index: ChunkIndex,
  manifest: Manifest,
  signal: AbortSignal | undefined,
): Promise<Map<string, string>> {
  const reader = createChunkReader(repository, index, { signal })
  const packs = new Map<string, string>()
  for await (const id of manifestChunkIds(reader, manifest)) {
    const pack = index.find(id)?.pack
    if (pack === undefined) throw unreadable(index, id, [])
    if (!packs.has(pack)) packs.set(pack, id)
  }
  return packs
}

/** Throws unless each of these packs is in the storage, of its size, and not marked. */
function checkPacks(index: ChunkIndex, stored: ReadonlyMap<string, number>, packs: ReadonlyMap<string, string>): void {
  for (const [pack, id] of packs) {
    if (index.pack(pack)?.state === 'marked') throw chunkMarked(pack)
    const bytes = stored.get(pack)
    if (bytes === undefined) throw unreadable(index, id, [])
    if (bytes !== index.pack(pack)?.bytes)
      throw damaged(packObjectName(pack), `has ${bytes} bytes, not as many as indexed`)
  }
}

function chunkMarked(pack: string): EngineError {
  return new EngineError(
    'CHUNK_MARKED',
    `A prune is about to delete ${packObjectName(pack)}, which this backup needs.`,
    {
      detail: { objects: [packObjectName(pack)] },
    },
  )
}
