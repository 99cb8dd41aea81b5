import type { PackChunk, PackTable } from '../packs/pack.ts'
import { ChunkTable, type KnownChunks, packStates } from './chunk-table.ts'

/** Where a copy of a chunk lies. */
export interface ChunkLocation {
  /** Hex name of the pack. */
  pack: string
  offset: number
  storedBytes: number
  /** Length of the plaintext. */
  bytes: number
}

/** A pack the index knows. */
export interface IndexedPack {
  name: string
  bytes: number
  chunks: number
  /** `missing`: not in the storage, or not of this size. `marked`: a prune is about to delete it. */
  state: 'good' | 'marked' | 'missing'
}

/** Which pack holds a chunk, in shared memory of some 54 bytes a chunk. Made by `loadChunkIndex`. */
export class ChunkIndex {
  /** Names of the index objects this was read from. */
  readonly objects: string[] = []
  /** Packs that no index object names, left by a backup that died: their chunks count as there, see `finish()`. */
  readonly unindexed: string[] = []
  readonly #table: ChunkTable
  readonly #packs: { name: string; bytes: number; first: number; chunks: number }[] = []
  readonly #numbers = new Map<string, number>()

  constructor(expectedChunks?: number) {
    this.#table = new ChunkTable(expectedChunks)
  }

  /** Number of chunk records; a chunk that lies in two packs counts twice. */
  get size(): number {
    return this.#table.count
  }

  /** The best copy of a chunk: one in a pack that stays, else one in a marked pack. */
  find(id: string | Uint8Array): ChunkLocation | undefined {
    return this.findAll(id).at(0)
  }

  /** Every copy of a chunk that may be readable, best first. */
  findAll(id: string | Uint8Array): ChunkLocation[] {
    const records = this.#table.find(typeof id === 'string' ? Buffer.from(id, 'hex') : id)
    const usable = records.filter((record) => this.#table.packState(record.pack) !== packStates.missing)
    usable.sort((a, b) => this.#table.packState(a.pack) - this.#table.packState(b.pack))
    return usable.map(({ pack, ...place }) => ({ pack: this.#packs[pack]!.name, ...place }))
  }

  /** Names of packs that should hold the chunk but are not there: for messages. */
  findMissing(id: string): string[] {
    const records = this.#table.find(Buffer.from(id, 'hex'))
    return records
      .filter((record) => this.#table.packState(record.pack) === packStates.missing)
      .map((record) => this.#packs[record.pack]!.name)
  }

  /** Adds the chunks of a pack; a pack that is known already is left alone. */
  addPack(pack: PackTable): void {
    if (this.#numbers.has(pack.name)) return
    const number = this.#packs.length
    this.#numbers.set(pack.name, number)
    this.#packs.push({ name: pack.name, bytes: pack.bytes, first: this.#table.count, chunks: pack.chunks.length })
    this.#table.setPackState(number, packStates.good)
    for (const chunk of pack.chunks) {
      this.#table.add(Buffer.from(chunk.id, 'hex'), number, chunk.offset, chunk.storedBytes, chunk.bytes)
    }
  }

  hasPack(name: string): boolean {
    return this.#numbers.has(name)
  }

  /** From now on the pack's chunks do not count as known; workers see it too. */
  setPackState(name: string, state: IndexedPack['state']): void {
    const number = this.#numbers.get(name)
    if (number !== undefined) this.#table.setPackState(number, packStates[state])
  }

  pack(name: string): IndexedPack | undefined {
    const number = this.#numbers.get(name)
    return number === undefined ? undefined : this.#describe(number)
  }

  *packs(): Iterable<IndexedPack> {
    for (let number = 0; number < this.#packs.length; number++) yield this.#describe(number)
  }

  /** The table of a pack, made again from the index. */
  packTable(name: string): PackTable | undefined {
    const pack = this.#packs[this.#numbers.get(name) ?? -1]
    if (pack === undefined) return undefined
    const chunks: PackChunk[] = []
    for (let i = pack.first; i < pack.first + pack.chunks; i++) {
      const { offset, storedBytes, bytes } = this.#table.record(i)
      chunks.push({ id: this.#table.id(i), offset, storedBytes, bytes })
    }
    return { name: pack.name, bytes: pack.bytes, chunks }
  }

  /** The table for workers: shared memory, read-only there; leaves out chunks of marked and missing packs. */
  known(): KnownChunks {
    return this.#table.known()
  }

  #describe(number: number): IndexedPack {
    const { name, bytes, chunks } = this.#packs[number]!
    const state = (['good', 'marked', 'missing'] as const)[this.#table.packState(number)] ?? 'good'
    return { name, bytes, chunks, state }
  }
}
