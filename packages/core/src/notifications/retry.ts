const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** Pauses after the first attempt, the second and so on, as Standard Webhooks 1.0.0 has them: some four days in all. */
const pauses = [5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour]

/** When to try again after so many attempts, or null: given up. `share` (0 to 1) spreads receivers' load. */
export function nextAttempt(
  attempts: number,
  { now, share, retryAfterMs }: { now: Date; share: number; retryAfterMs: number | null },
): Date | null {
  const pause = pauses[attempts - 1]
  if (pause === undefined) return null
  const jittered = pause * (1 + share / 5)
  return new Date(now.getTime() + Math.max(jittered, Math.min(retryAfterMs ?? 0, 24 * hour)))
}
