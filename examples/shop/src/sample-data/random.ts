/** Chance that repeats: the same seed gives the same shop. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** A whole number in [low, high]. */
  between(low: number, high: number): number
  pick<T>(items: readonly T[]): T
  /** Up to `most` different items. */
  some<T>(items: readonly T[], most: number): T[]
}

/** A 32-bit xorshift: short, and good enough for names and prices. */
export function createRandom(seed: number): Random {
  let state = seed | 0 || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const between = (low: number, high: number) => low + Math.floor(next() * (high - low + 1))
  const pick = <T>(items: readonly T[]): T => items[between(0, items.length - 1)] as T
  return {
    next,
    between,
    pick,
    some(items, most) {
      const chosen = new Set<(typeof items)[number]>()
      for (let left = between(0, most); left > 0; left--) chosen.add(pick(items))
      return [...chosen]
    },
  }
}
