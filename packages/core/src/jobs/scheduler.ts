import type { Catalog, NewJob } from '../catalog/catalog.ts'
import type { Clock, Timer } from './clock.ts'
import { dueSlot, newestSlot, type Schedule } from './schedule.ts'

export interface SchedulerOptions<Planned extends Schedule> {
  catalog: Catalog
  clock: Clock
  worker: string
  /** Asked at every look, so that a changed configuration holds at once. */
  schedules: () => Promise<Planned[]>
  /** The job of a slot; null: not yet, the slot waits. */
  job: (schedule: Planned, slot: Date, lateMs: number) => NewJob | null | Promise<NewJob | null>
  /** Called with each job this process put into the catalog. */
  onFired: (job: NewJob) => Promise<void>
  /** Called at each look for a slot whose job cannot be made; the slot waits. What it throws fails the look. */
  onBlocked: (blocked: BlockedSlot<Planned>) => void | Promise<void>
  /** Told of looks that failed; the next one makes up for them. */
  onError: (error: unknown) => void
}

export interface BlockedSlot<Planned extends Schedule> {
  schedule: Planned
  slot: Date
  lateMs: number
  error: unknown
}

/**
 * Fires schedules. Any number of processes may do so at once: the catalog lets each slot be taken once, together with
 * its job.
 */
export interface Scheduler {
  start(): void
  stop(): Promise<void>
  /** Looks once and fires what is due. Gives the jobs it added. */
  look(): Promise<NewJob[]>
}

const lookMs = 15_000

/** What the slots of a schedule are kept under. The times are part of it: a changed one starts from now and makes up for no missed run. */
export const slotsName = ({ name, cron, timeZone }: Schedule): string => `${name} ${cron} ${timeZone}`

export function createScheduler<Planned extends Schedule>(options: SchedulerOptions<Planned>): Scheduler {
  const { catalog, clock, worker, schedules, job, onFired, onBlocked, onError } = options
  let timer: Timer | undefined
  let stopped = true
  let looking: Promise<unknown> = Promise.resolve()

  async function look(): Promise<NewJob[]> {
    const fired: NewJob[] = []
    for (const schedule of await schedules()) {
      const next = await fire(schedule)
      if (!next) continue
      fired.push(next)
      await onFired(next)
    }
    return fired
  }

  async function fire(schedule: Planned): Promise<NewJob | null> {
    const now = new Date(clock.now())
    const name = slotsName(schedule)
    const take = (slot: Date, next: NewJob | null) =>
      catalog.schedule.fire({ schedule: name, slot: slot.toISOString(), worker, fired_at: now.toISOString() }, next)
    const last = await catalog.schedule.lastSlot(name)
    if (last === null || !schedule.enabled) {
      // Slots from before the schedule was set, or of a schedule that is off now, are taken without a job.
      const slot = newestSlot(schedule, now)
      if (last === null || slot > new Date(last)) await take(slot, null)
      return null
    }
    const due = dueSlot(schedule, new Date(last), now)
    if (!due) return null
    const next = await jobOf(schedule, due)
    if (!next) return null
    return (await take(due.slot, next)) ? next : null
  }

  /** One that cannot be made keeps no other schedule from its turn. */
  async function jobOf(schedule: Planned, { slot, lateMs }: { slot: Date; lateMs: number }): Promise<NewJob | null> {
    try {
      return await job(schedule, slot, lateMs)
    } catch (error) {
      await onBlocked({ schedule, slot, lateMs, error })
      return null
    }
  }

  const again = () => {
    if (stopped) return
    timer = clock.after(lookMs, () => {
      looking = look().catch(onError).then(again)
    })
  }
  return {
    look,
    start() {
      if (!stopped) return
      stopped = false
      looking = look().catch(onError).then(again)
    },
    async stop() {
      stopped = true
      timer?.cancel()
      await looking
      timer?.cancel()
    },
  }
}
