import { isEngineError, throwIfAborted } from '../../errors.ts'
import { StorageObjectMissing } from '../../storage/storage.ts'
import { createHostPause } from '../../threads/yield-to-host.ts'
import { ChunkIndex } from '../chunks/chunk-index.ts'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { packObjectName, packOfObjectName, prefixes } from '../layout.ts'
import { chunkRecordBytes, type PackTable } from '../packs/pack.ts'
import { readPackTable } from '../packs/pack-reader.ts'
import type { Repository } from '../repository.ts'
import { packsOfIndexObject } from './index-object.ts'
import { listMarks } from './marks.ts'

export interface LoadIndexOptions {
  signal?: AbortSignal
  /**
   * List the packs too (default true): packs that are gone or have another size then count as `missing`, and packs a
   * dead backup left without an index object are taken in from their own tables. A writer needs this.
   */
  checkPacks?: boolean
  /**
   * For callers that only read backups (default false): an index object that does not open is skipped, because the
   * packs it lists are taken from their own tables; so is a mark, which concerns writers alone. A damaged repository
   * must not keep a good backup from being restored, nor a new one from being made.
   */
  readAround?: boolean
  /** Read the marks: what a writer needs. Default: unless `readAround`. */
  withMarks?: boolean
}

/** Reads every index object and the marks. Throws `REPOSITORY_DAMAGED` when one does not open, unless `readAround`. */
export async function loadChunkIndex(repository: Repository, options: LoadIndexOptions = {}): Promise<ChunkIndex> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await load(repository, options)
    } catch (error) {
      // A prune replaced index objects between our listing and our reading: list again.
      if (!(error instanceof StorageObjectMissing) || attempt === 5) throw error
    }
  }
}

async function load(repository: Repository, options: LoadIndexOptions): Promise<ChunkIndex> {
  const { storage } = repository
  const { signal } = options
  // At once, because over a network each answer is waited for. What a running backup or prune changes at the same time
  // is at worst a pack that is asked for once more (`compare`), or one whose loss or mark is found at the commit.
  const [stored, objects, marks] = await Promise.all([
    options.checkPacks === false ? null : listPacks(repository, signal),
    Array.fromAsync(storage.list(prefixes.index, { signal })),
    (options.withMarks ?? !options.readAround) ? listMarks(repository, { signal }) : [],
  ])
  const expected = objects.reduce((sum, object) => sum + object.bytes, 0) / chunkRecordBytes
  const index = new ChunkIndex(Math.ceil(expected) + 64)
  const read = (object: { name: string }) =>
    storage.get(object.name, { signal }).catch((error: unknown) => {
      // Too long to be one: no object of ours, like one that does not open.
      if (!options.readAround || !isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
      return Buffer.alloc(0)
    })
  const breathe = createHostPause()
  // A full one has 2.2 MB.
  const atOnce = objects.some(({ bytes }) => bytes > 1_000_000) ? 8 : documentsAtOnce
  for await (const [object, data] of mapInOrder(objects, atOnce, async (item) => [item, await read(item)] as const)) {
    throwIfAborted(signal)
    for (const pack of packsOf(repository, object.name, data, options)) {
      index.addPack(pack)
      await breathe(pack.chunks.length)
    }
    index.objects.push(object.name)
  }
  if (stored !== null) await compare(repository, index, stored, signal)
  for (const mark of marks) {
    for (const pack of mark.packs) {
      if (index.pack(pack)?.state === 'good') index.setPackState(pack, 'marked')
    }
  }
  return index
}

function packsOf(
  repository: Repository,
  name: string,
  data: Buffer,
  { readAround, checkPacks }: LoadIndexOptions,
): Iterable<PackTable> {
  try {
    return packsOfIndexObject(repository, name, data)
  } catch (error) {
    if (!readAround || checkPacks === false || !isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
    return []
  }
}

async function compare(
  repository: Repository,
  index: ChunkIndex,
  stored: Map<string, number>,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const pack of index.packs()) {
    if (stored.get(pack.name) === pack.bytes) continue
    // Written since we listed? Ask for this one.
    const now = await repository.storage.stat(packObjectName(pack.name), { signal })
    if (now?.bytes !== pack.bytes) index.setPackState(pack.name, 'missing')
  }
  const unknown = [...stored].filter(([name]) => !index.hasPack(name))
  for await (const table of mapInOrder(unknown, 8, ([name, bytes]) => tryTable(repository, name, bytes, signal))) {
    if (table === null) continue
    index.addPack(table)
    index.unindexed.push(table.name)
  }
}

/** A pack that was left behind damaged, or is deleted at this moment, is not taken in; `check` reports it. */
async function tryTable(
  repository: Repository,
  name: string,
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<PackTable | null> {
  try {
    return await readPackTable(repository, name, { bytes, signal })
  } catch (error) {
    if (error instanceof StorageObjectMissing || isEngineError(error, 'REPOSITORY_DAMAGED')) return null
    throw error
  }
}

/** Every pack in the storage with its size. */
export async function listPacks(repository: Repository, signal?: AbortSignal): Promise<Map<string, number>> {
  const packs = new Map<string, number>()
  for await (const object of repository.storage.list(prefixes.packs, { signal })) {
    const pack = packOfObjectName(object.name)
    if (pack !== null) packs.set(pack, object.bytes)
  }
  return packs
}
