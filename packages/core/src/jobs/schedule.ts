import { createHash } from 'node:crypto'
import { Cron } from 'croner'

/** When something is to happen again and again. */
export interface Schedule {
  /** Unique within an engine, e.g. `backup:default`. */
  name: string
  enabled: boolean
  /** Five fields: minute, hour, day of month, month, day of week. */
  cron: string
  /** IANA time zone in which they are read. */
  timeZone: string
  /** Runs begin up to this many minutes after their slot, spread evenly, always the same for one slot. */
  jitterMinutes: number
}

/** The schedule of "every day at this hour". */
export const dailyAt = (hour: number): string => `0 ${hour} * * *`

/** Why a cron expression cannot be used, or null. */
export function cronProblem(cron: string): string | null {
  try {
    return cronOf(cron, 'UTC').nextRun() === null ? 'It never comes round.' : null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The next `count` moments at which runs begin, jitter included. */
export function nextRuns(schedule: Schedule, count: number, from: Date): Date[] {
  if (!schedule.enabled) return []
  // A slot that has passed may still lie ahead by its jitter.
  const earlier = new Date(from.getTime() - schedule.jitterMinutes * 60_000)
  return cronOf(schedule.cron, schedule.timeZone)
    .nextRuns(count + Math.ceil(schedule.jitterMinutes) + 1, earlier)
    .map((slot) => withJitter(schedule, slot))
    .filter((moment) => moment > from)
    .sort((a, b) => a.getTime() - b.getTime())
    .slice(0, count)
}

/**
 * The slot to run now, or null: the newest whose time has come and that is newer than `lastSlot`. However many were
 * missed, one run makes up for them. `late` says how long ago it should have begun.
 */
export function dueSlot(schedule: Schedule, lastSlot: Date, now: Date): { slot: Date; lateMs: number } | null {
  const cron = cronOf(schedule.cron, schedule.timeZone)
  // A run in the same second as the reference, but before it, counts.
  let before = new Date(now.getTime() + 1)
  for (;;) {
    const [slot] = cron.previousRuns(1, before)
    if (!slot || slot <= lastSlot) return null
    const lateMs = now.getTime() - withJitter(schedule, slot).getTime()
    if (lateMs >= 0) return { slot, lateMs }
    before = slot
  }
}

/**
 * The oldest slot after `lastSlot` whose time has come, or null: since when a run is overdue, and by how much. A slot that is taken is not overdue,
 * however late its jitter is, and one that a night of changing clocks leaps over comes right after the leap.
 */
export function overdueRun(
  schedule: Schedule,
  lastSlot: Date,
  now: Date,
): { slot: Date; due: Date; lateMs: number } | null {
  if (!schedule.enabled) return null
  const slot = cronOf(schedule.cron, schedule.timeZone).nextRun(lastSlot)
  if (!slot) return null
  const due = withJitter(schedule, slot)
  const lateMs = now.getTime() - due.getTime()
  return lateMs >= 0 ? { slot, due, lateMs } : null
}

/** The newest slot at or before `now`, jitter or not: where a schedule begins that no scheduler has run yet. */
export function newestSlot(schedule: Schedule, now: Date): Date {
  return dueSlot({ ...schedule, jitterMinutes: 0 }, new Date(0), now)?.slot ?? new Date(0)
}

/** By a hash of schedule and slot, so that every process waits the same time. */
function withJitter(schedule: Schedule, slot: Date): Date {
  const share = createHash('sha256').update(`${schedule.name} ${slot.toISOString()}`).digest().readUInt32BE(0) / 2 ** 32
  return new Date(slot.getTime() + Math.floor(share * schedule.jitterMinutes * 60_000))
}

/** A time that the clocks leap over comes right after the leap, and one that they repeat comes once. */
function cronOf(cron: string, timeZone: string): Cron {
  return new Cron(cron, { timezone: timeZone, mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true })
}
