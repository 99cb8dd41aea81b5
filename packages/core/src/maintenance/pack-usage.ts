import type { ChunkIndex, IndexedPack } from '../repository/chunks/chunk-index.ts'
import { IdSet } from '../repository/chunks/id-set.ts'

/** What backups need of one pack. */
export interface PackUsage {
  pack: IndexedPack
  /** Bytes of all its chunks as stored. */
  chunkBytes: number
  /** Bytes of those for which this pack is the home. */
  neededBytes: number
  /** Ids of the chunks for which this pack is the home, in their order. */
  needed(): string[]
}

/**
 * Gives each chunk that backups need one home. A chunk may lie in several packs (two backups at a time, a prune that
 * died): home is the pack that stays and has most to keep. Marked packs are home only to what lies nowhere else, and
 * lost ones only to what is lost. `homeless` counts the needed chunks that no pack has.
 */
export function packUsage(index: ChunkIndex, live: IdSet): { packs: PackUsage[]; homeless: number } {
  const shares = [...index.packs()].map((pack) => {
    const { all, used } = chunkSums(index, pack.name, live)
    return { pack, chunkBytes: all, share: all === 0 ? 0 : used / all }
  })
  const ranks = { good: 0, marked: 1, missing: 2 }
  shares.sort(
    (a, b) => ranks[a.pack.state] - ranks[b.pack.state] || b.share - a.share || (a.pack.name < b.pack.name ? -1 : 1),
  )
  const housed = new IdSet()
  const packs = shares.map(({ pack, chunkBytes }): PackUsage => {
    const chunks = index.packTable(pack.name)?.chunks ?? []
    const isHome = new Uint8Array(chunks.length)
    let neededBytes = 0
    chunks.forEach((chunk, place) => {
      const id = Buffer.from(chunk.id, 'hex')
      if (!live.has(id) || !housed.add(id)) return
      isHome[place] = 1
      neededBytes += chunk.storedBytes
    })
    const needed = () =>
      (index.packTable(pack.name)?.chunks ?? []).flatMap((chunk, place) => (isHome[place] ? [chunk.id] : []))
    return { pack, chunkBytes, neededBytes, needed }
  })
  return { packs, homeless: live.size - housed.size }
}

function chunkSums(index: ChunkIndex, pack: string, live: IdSet): { all: number; used: number } {
  let all = 0
  let used = 0
  for (const { id, storedBytes } of index.packTable(pack)?.chunks ?? []) {
    all += storedBytes
    if (live.has(Buffer.from(id, 'hex'))) used += storedBytes
  }
  return { all, used }
}
