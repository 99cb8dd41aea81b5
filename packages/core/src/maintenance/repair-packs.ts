import { isEngineError, throwIfAborted } from '../errors.ts'
import type { ChunkIndex } from '../repository/chunks/chunk-index.ts'
import { type ChunkReader, createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { isLoss } from '../repository/chunks/fetch-sealed.ts'
import { manifestChunkIds } from '../repository/documents/manifest-chunks.ts'
import { listManifests, manifestName, manifestObjects } from '../repository/documents/manifests.ts'
import { writeIndexObjects } from '../repository/index/index-object.ts'
import { listPacks, loadChunkIndex } from '../repository/index/load-index.ts'
import { writeMark } from '../repository/index/marks.ts'
import { defaultPackBytes, packObjectName } from '../repository/layout.ts'
import { PackBuilder, type PackTable } from '../repository/packs/pack.ts'
import { checkPack, openWholePack } from '../repository/packs/pack-reader.ts'
import { sealedParts } from './repack.ts'
import type { Repairing } from './repair.ts'

/** A pack that is not what it should be. */
interface BadPack {
  pack: string
  message: string
  /** Whether there is an object of its name. */
  stored: boolean
}

/** Packs that are missing, cut or damaged: see `repairRepository`. */
export async function repairPacks(repairing: Repairing): Promise<void> {
  const { repository, items, options } = repairing
  const { signal } = options
  // Before the index is read: packs of a backup that runs at the same time are not in the index, and not lost.
  const known = new Set((await manifestObjects(repository, { signal })).map(({ name }) => name))
  const index = await loadChunkIndex(repository, { signal, readAround: true })
  const bad = await findBadPacks(repairing, index)
  for (const { pack, stored } of bad.values()) {
    // Not relied on any more; what is good in it may still be read.
    if (stored && index.pack(pack)?.state === 'good') index.setPackState(pack, 'marked')
  }
  const isSound = (pack: string | undefined) => pack !== undefined && !bad.has(pack)
  const isLost = (id: string, backup: string) => {
    if (isSound(index.find(id)?.pack)) return false
    const isIndexed = index.find(id) !== undefined || index.findMissing(id).length > 0
    return isIndexed || known.has(manifestName(backup))
  }
  const reader = createChunkReader(repository, index, { signal, recheck: true, useCopies: true })

  // Twice: the lists of chunks that a backup needs may themselves lie in a pack that is only now whole again.
  let lost = new Map<string, Set<string>>()
  for (let round = 1; round <= 2; round++) {
    lost = await neededAndLost(repairing, reader, isLost)
    const wanted = [...bad.values()].filter(({ pack, stored }) => stored || holdsAny(index, pack, lost))
    const replaced = await replaceWhole(repairing, wanted)
    for (const { pack, table, from } of replaced) {
      const { message = '' } = bad.get(pack) ?? {}
      items.push({ object: packObjectName(pack), message, outcome: 'replaced', from, backups: usersOf(table, lost) })
      bad.delete(pack)
      if (index.hasPack(pack)) index.setPackState(pack, 'good')
      else index.addPack(table)
    }
    const reindexed = replaced.filter(({ indexed }) => !indexed).map(({ table }) => table)
    if (!options.dryRun && reindexed.length > 0) await writeIndexObjects(repository, reindexed, { signal })
    if (replaced.length === 0) break
  }
  lost = await neededAndLost(repairing, reader, isLost)
  const gone = await rebuildChunks(repairing, reader, [...lost.keys()])
  await setAside(repairing, index, [...bad.values()], lost, gone)

  async function replaceWhole({ copies, store }: Repairing, wanted: BadPack[]) {
    const found: { pack: string; table: PackTable; from: string; indexed: boolean }[] = []
    for (const { pack } of wanted) {
      throwIfAborted(signal)
      for (const copy of copies) {
        const whole = await openWholePack({ ...repository, storage: copy }, pack, { signal }).catch(lossIsNull)
        if (whole === null) continue
        await store(packObjectName(pack), whole.data)
        found.push({ pack, table: whole.table, from: copy.location, indexed: index.hasPack(pack) })
        break
      }
    }
    return found
  }
}

async function findBadPacks({ repository, options }: Repairing, index: ChunkIndex): Promise<Map<string, BadPack>> {
  const { signal, report, damaged } = options
  const bad = new Map<string, BadPack>()
  const stored = await listPacks(repository, signal)
  for (const { name: pack, state } of index.packs()) {
    if (state !== 'missing') continue
    const is = stored.has(pack) ? 'has another size than it should have' : 'is missing'
    bad.set(pack, { pack, message: `${packObjectName(pack)} ${is}.`, stored: stored.has(pack) })
  }
  report?.({ type: 'phase', phase: 'data' })
  const bytesTotal = [...stored.values()].reduce((sum, size) => sum + size, 0)
  let bytes = 0
  for (const [pack, size] of stored) {
    throwIfAborted(signal)
    if (!bad.has(pack) && (damaged === undefined || damaged.has(pack))) {
      try {
        await checkPack(repository, pack, { signal })
      } catch (error) {
        if (!isLoss(error)) throw error
        if (isEngineError(error)) bad.set(pack, { pack, message: error.message, stored: true })
      }
    }
    bytes += size
    report?.({ type: 'progress', phase: 'data', bytes, bytesTotal })
  }
  return bad
}

/** Chunks that backups need and that are lost, with the ids of those backups. */
async function neededAndLost(
  { repository, options }: Repairing,
  reader: ChunkReader,
  isLost: (id: string, backup: string) => boolean,
): Promise<Map<string, Set<string>>> {
  const lost = new Map<string, Set<string>>()
  for await (const { id, manifest } of listManifests(repository, { signal: options.signal })) {
    if (!manifest) continue
    try {
      for await (const chunk of manifestChunkIds(reader, manifest)) {
        if (!isLost(chunk, id)) continue
        const users = lost.get(chunk) ?? new Set()
        lost.set(chunk, users.add(id))
      }
    } catch (error) {
      // What can be known of it is known: the chunk that ends the list is among the lost ones.
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'CHUNK_MISSING')) throw error
    }
  }
  return lost
}

/** Puts what can still be read of the chunks into new packs, and indexes them. Returns those that no copy has. */
async function rebuildChunks(
  { repository, options, store }: Repairing,
  reader: ChunkReader,
  chunks: readonly string[],
): Promise<Set<string>> {
  const { signal, dryRun } = options
  const builder = new PackBuilder(repository.keys, defaultPackBytes)
  const tables: PackTable[] = []
  const gone = new Set<string>()
  const flush = async () => {
    if (builder.empty) return
    const { data, ...table } = builder.finish()
    await store(packObjectName(table.name), Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    tables.push(table)
  }
  for (const id of chunks) {
    throwIfAborted(signal)
    try {
      const sealed = await reader.goodChunk(id)
      builder.add(id, sealed.bytes, sealedParts(sealed))
      if (builder.full) await flush()
    } catch (error) {
      if (!isEngineError(error, 'REPOSITORY_DAMAGED') && !isEngineError(error, 'CHUNK_MISSING')) throw error
      gone.add(id)
    }
  }
  await flush()
  if (!dryRun) await writeIndexObjects(repository, tables, { signal })
  return gone
}

/** What is left of the bad packs is marked, so that no backup builds upon it and a prune deletes it. */
async function setAside(
  { repository, items, options }: Repairing,
  index: ChunkIndex,
  bad: readonly BadPack[],
  lost: Map<string, Set<string>>,
  gone: ReadonlySet<string>,
): Promise<void> {
  const aside: string[] = []
  const accounted = new Set<string>()
  for (const { pack, message, stored } of bad) {
    const chunks = (index.packTable(pack)?.chunks ?? []).map(({ id }) => id)
    const needed = chunks.filter((id) => lost.has(id))
    for (const id of needed) accounted.add(id)
    const backups = usersOf({ chunks: needed.map((id) => ({ id })) }, lost)
    const isGone = needed.some((id) => gone.has(id))
    // A pack that is gone and that no backup needs is what a prune leaves behind when it is killed.
    if (!stored && needed.length === 0) continue
    if (stored && !isGone) aside.push(pack)
    const outcome = isGone ? 'lost' : needed.length > 0 ? 'rebuilt' : 'set_aside'
    items.push({ object: packObjectName(pack), message, outcome, from: null, backups })
  }
  for (const id of gone)
    if (!accounted.has(id))
      items.push({
        ...{ object: `chunk ${id}`, message: 'No pack holds it.', outcome: 'lost', from: null },
        backups: [...(lost.get(id) ?? [])],
      })
  if (aside.length > 0 && !options.dryRun) await writeMark(repository, aside, { signal: options.signal })
}

function usersOf(table: { chunks: readonly { id: string }[] }, lost: Map<string, Set<string>>): string[] {
  return [...new Set(table.chunks.flatMap(({ id }) => [...(lost.get(id) ?? [])]))]
}

function holdsAny(index: ChunkIndex, pack: string, lost: Map<string, Set<string>>): boolean {
  return (index.packTable(pack)?.chunks ?? []).some(({ id }) => lost.has(id))
}

function lossIsNull(error: unknown): null {
  if (!isLoss(error)) throw error
  return null
}
