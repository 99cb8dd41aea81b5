/**
 * The ids of chunks and where they lie, as shared memory: 48 bytes a record and 4 to 8 a slot, whatever the size of the
 * repository. Workers get the same memory as {@link KnownChunks} and only ever read it; the main thread may add records
 * while they read (a record is complete before its slot is published).
 */
const recordWords = 12
const idBytes = 32

export const packStates = { good: 0, marked: 1, missing: 2 } as const

/** The table as workers see it: shared memory, structured-cloneable. */
export interface KnownChunks {
  records: SharedArrayBuffer
  slots: SharedArrayBuffer
  packStates: SharedArrayBuffer
}

export interface ChunkRecord {
  pack: number
  offset: number
  storedBytes: number
  bytes: number
}

export class ChunkTable {
  #records: Uint32Array<SharedArrayBuffer>
  #slots: Int32Array<SharedArrayBuffer>
  #packStates: Uint8Array<SharedArrayBuffer>
  #count = 0

  constructor(expectedChunks = 256, expectedPacks = 4096) {
    this.#records = new Uint32Array(new SharedArrayBuffer(Math.max(16, expectedChunks) * recordWords * 4))
    this.#slots = new Int32Array(new SharedArrayBuffer(slotCount(this.#capacity) * 4))
    this.#packStates = new Uint8Array(new SharedArrayBuffer(Math.max(16, expectedPacks)))
  }

  get count(): number {
    return this.#count
  }

  add(id: Uint8Array, pack: number, offset: number, storedBytes: number, bytes: number): void {
    if (this.#count === this.#capacity) this.#grow()
    const at = this.#count * recordWords
    new Uint8Array(this.#records.buffer, at * 4, idBytes).set(id)
    this.#records[at + 8] = pack
    this.#records[at + 9] = offset
    this.#records[at + 10] = storedBytes
    this.#records[at + 11] = bytes
    insert(this.#slots, this.#records[at]!, this.#count)
    this.#count++
  }

  record(index: number): ChunkRecord {
    const at = index * recordWords
    const words = this.#records
    return { pack: words[at + 8]!, offset: words[at + 9]!, storedBytes: words[at + 10]!, bytes: words[at + 11]! }
  }

  id(index: number): string {
    return Buffer.from(this.#records.buffer, index * recordWords * 4, idBytes).toString('hex')
  }

  /** Every record of a chunk, in the order they were added. */
  find(id: Uint8Array): ChunkRecord[] {
    const found: ChunkRecord[] = []
    walk(this.#records, this.#slots, id, (index) => {
      found.push(this.record(index))
      return false
    })
    return found
  }

  packState(pack: number): number {
    return this.#packStates[pack] ?? packStates.good
  }

  setPackState(pack: number, state: number): void {
    if (pack >= this.#packStates.length) {
      const grown = new Uint8Array(new SharedArrayBuffer(Math.max(pack + 1, this.#packStates.length * 2)))
      grown.set(this.#packStates)
      this.#packStates = grown
    }
    this.#packStates[pack] = state
  }

  known(): KnownChunks {
    return { records: this.#records.buffer, slots: this.#slots.buffer, packStates: this.#packStates.buffer }
  }

  get #capacity(): number {
    return this.#records.length / recordWords
  }

  // Workers keep what they were given: still right, only without what comes later.
  #grow(): void {
    const records = new Uint32Array(new SharedArrayBuffer(this.#records.byteLength * 2))
    records.set(this.#records)
    const slots = new Int32Array(new SharedArrayBuffer(slotCount(records.length / recordWords) * 4))
    for (let i = 0; i < this.#count; i++) insert(slots, records[i * recordWords]!, i)
    this.#records = records
    this.#slots = slots
  }
}

/** Answers whether a chunk is there in a pack that may be relied on. */
export function knownChunkLookup(known: KnownChunks): (id: Uint8Array) => boolean {
  const records = new Uint32Array(known.records)
  const slots = new Int32Array(known.slots)
  const states = new Uint8Array(known.packStates)
  return (id) =>
    walk(records, slots, id, (index) => (states[records[index * recordWords + 8]!] ?? 0) === packStates.good)
}

/** Calls `visit` for each record of `id` until it returns true; returns whether it did. */
function walk(records: Uint32Array, slots: Int32Array, id: Uint8Array, visit: (index: number) => boolean): boolean {
  const words = new Uint32Array(Uint8Array.from(id).buffer)
  const mask = slots.length - 1
  for (let slot = words[0]! & mask; ; slot = (slot + 1) & mask) {
    const index = Atomics.load(slots, slot) - 1
    if (index < 0) return false
    if (sameId(records, index * recordWords, words) && visit(index)) return true
  }
}

function sameId(records: Uint32Array, at: number, words: Uint32Array): boolean {
  for (let i = 0; i < 8; i++) if (records[at + i] !== words[i]) return false
  return true
}

// Ids are HMACs: their first word is as good a hash as any.
function insert(slots: Int32Array, hash: number, index: number): void {
  const mask = slots.length - 1
  let slot = hash & mask
  while (slots[slot] !== 0) slot = (slot + 1) & mask
  Atomics.store(slots, slot, index + 1)
}

/** A power of two that leaves at least a quarter of the slots free. */
function slotCount(records: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(16, records * 1.34)))
}
