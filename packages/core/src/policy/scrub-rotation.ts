/** What one scrub read: its day, into how many days the packs were divided then, and which of these shares. */
export interface ScrubShares {
  day: number
  days: number
  slots: readonly number[]
}

/** The rotation of a scrub that is asked for by hand where no schedule is set. */
export const defaultScrubDays = 30

/** A scrub that was missed is made up for, but not all at once. */
const mostSlots = 3

/** Days since 1970-01-01, by UTC: what the rotation counts by. */
export const dayNumber = (at: Date): number => Math.floor(at.getTime() / 86_400_000)

/**
 * The share a pack belongs to, 0 to `days` - 1, by its name alone. Names are hashes, so that shares are about equal; a pack
 * stays in its share, and each share has its turn every `days` days, whatever else there is.
 */
export const slotOf = (pack: string, days: number): number => Number.parseInt(pack.slice(0, 8), 16) % days

/**
 * The shares to be read today, oldest turn first: today's, and those whose turn was missed since the rotation began. Pure.
 */
export function dueSlots(today: number, days: number, done: readonly ScrubShares[]): number[] {
  const same = done.filter((one) => one.days === days && one.day <= today)
  const began = Math.min(today, ...same.map(({ day }) => day))
  const due: number[] = []
  for (let turn = Math.max(began, today - days + 1); turn <= today; turn++) {
    const slot = turn % days
    if (!same.some(({ day, slots }) => day >= turn && slots.includes(slot))) due.push(slot)
  }
  return due.slice(0, mostSlots)
}

/** The share of the rotation that was read within the last `days` days, 0 to 1. Pure. */
export function scrubCoverage(today: number, days: number, done: readonly ScrubShares[]): number {
  const recent = done.filter((one) => one.days === days && one.day > today - days && one.day <= today)
  return new Set(recent.flatMap(({ slots }) => slots)).size / days
}
