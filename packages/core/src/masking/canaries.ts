import { canaryBytes } from './canary-sample.ts'

/** Original values of masked columns, and a search for them. They stay in memory and are sent nowhere. */
export interface Canaries {
  add(table: { schema: string; name: string }, values: ReadonlyMap<string, readonly string[]>): void
  /** By `schema.table.column`, how many there are. */
  counts(): Map<string, number>
  /** Columns some of whose values a text holds. The text is bytes as Latin-1. */
  findIn(text: string): string[]
  /** The same for bytes, without making a text of them first. */
  search(bytes: Buffer): string[]
}

const prefix = 8
const filterBits = 20

/** `unproven`: columns, as `schema.table.column`, whose values are not searched for. */
export function createCanaries(unproven: readonly string[] = []): Canaries {
  /** By the first eight bytes: the values that begin so. */
  const byPrefix = new Map<string, { value: string; place: string }[]>()
  const counts = new Map<string, number>()
  const filter = new Uint8Array(1 << filterBits)
  const canaries: Canaries = {
    add({ schema, name }, values) {
      for (const [column, some] of values) {
        const place = `${schema}.${name}.${column}`
        if (unproven.includes(place) || unproven.includes(place.replace(/^public\./, ''))) continue
        counts.set(place, (counts.get(place) ?? 0) + some.length)
        for (const value of some) {
          const key = value.slice(0, prefix)
          const known = byPrefix.get(key)
          if (known) known.push({ value, place })
          else byPrefix.set(key, [{ value, place }])
          filter[hashOf(Buffer.from(key, 'latin1'), 0)] = 1
        }
      }
    },
    counts: () => counts,
    findIn: (text) => canaries.search(Buffer.from(text, 'latin1')),
    search(bytes) {
      if (byPrefix.size === 0) return []
      const found = new Set<string>()
      for (let at = 0; at + prefix <= bytes.length; at++) {
        if (filter[hashOf(bytes, at)] === 0) continue
        const candidates = byPrefix.get(bytes.toString('latin1', at, at + prefix))
        if (!candidates) continue
        const here = bytes.toString('latin1', at, at + canaryBytes)
        for (const { value, place } of candidates) if (here.startsWith(value)) found.add(place)
      }
      return [...found]
    },
  }
  return canaries
}

/** Of the eight bytes at a place. */
function hashOf(bytes: Buffer, at: number): number {
  const low = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  const high = bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24)
  const mixed = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77)
  return (mixed ^ (mixed >>> 15)) >>> (32 - filterBits)
}
