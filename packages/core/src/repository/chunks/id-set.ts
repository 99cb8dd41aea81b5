/** A set of 32-byte ids in typed arrays: 40 bytes an entry where a Set of strings takes over 100. */
export class IdSet {
  #ids = new Uint32Array(64 * 8)
  #slots = new Int32Array(128)
  #count = 0

  get size(): number {
    return this.#count
  }

  has(id: Uint8Array): boolean {
    return this.#find(new Uint32Array(Uint8Array.from(id).buffer)) >= 0
  }

  /** Whether the id is new. */
  add(id: Uint8Array): boolean {
    const words = new Uint32Array(Uint8Array.from(id).buffer)
    if (this.#find(words) >= 0) return false
    if (this.#count * 8 === this.#ids.length) this.#grow()
    this.#ids.set(words, this.#count * 8)
    place(this.#slots, words[0]!, this.#count)
    this.#count++
    return true
  }

  #find(words: Uint32Array): number {
    const mask = this.#slots.length - 1
    for (let slot = words[0]! & mask; ; slot = (slot + 1) & mask) {
      const index = this.#slots[slot]! - 1
      if (index < 0) return -1
      let i = 0
      while (i < 8 && this.#ids[index * 8 + i] === words[i]) i++
      if (i === 8) return index
    }
  }

  #grow(): void {
    const ids = new Uint32Array(this.#ids.length * 2)
    ids.set(this.#ids)
    const slots = new Int32Array(this.#slots.length * 2)
    for (let i = 0; i < this.#count; i++) place(slots, ids[i * 8]!, i)
    this.#ids = ids
    this.#slots = slots
  }
}

function place(slots: Int32Array, hash: number, index: number): void {
  const mask = slots.length - 1
  let slot = hash & mask
  while (slots[slot] !== 0) slot = (slot + 1) & mask
  slots[slot] = index + 1
}
