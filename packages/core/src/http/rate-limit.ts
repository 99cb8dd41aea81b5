/** Lets each key through so many times a minute, evenly refilled. */
export interface RateLimit {
  /** Seconds to wait, or 0 when let through. */
  take(key: string): number
}

/** Keys beyond this are forgotten, oldest first; a forgotten key starts afresh. */
const maxKeys = 10_000

export function createRateLimit(perMinute: number, now: () => number = () => Date.now()): RateLimit {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    take(key) {
      const at = now()
      const before = buckets.get(key) ?? { tokens: perMinute, at }
      const tokens = Math.min(perMinute, before.tokens + ((at - before.at) / 60_000) * perMinute)
      buckets.delete(key)
      if (buckets.size >= maxKeys) buckets.delete(buckets.keys().next().value as string)
      if (tokens < 1) {
        buckets.set(key, { tokens, at })
        return Math.ceil(((1 - tokens) / perMinute) * 60)
      }
      buckets.set(key, { tokens: tokens - 1, at })
      return 0
    },
  }
}
