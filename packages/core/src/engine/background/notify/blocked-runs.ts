import type { JobAction } from '../../../actions/job-kinds.ts'
import { isEngineError, wireCode } from '../../../errors.ts'
import { type Clock, isoTime } from '../../../jobs/clock.ts'
import type { BlockedSlot } from '../../../jobs/scheduler.ts'
import { slotsName } from '../../../jobs/scheduler.ts'
import type { RecordedFact } from '../../../notifications/recorded-fact.ts'
import type { PlannedJob } from '../schedules.ts'
import type { Notifier } from './notifier.ts'

/** A storage that is away for a moment is nothing to tell: the next look makes up for it. */
const patienceMs = 5 * 60_000

/**
 * Tells of runs by a schedule that cannot begin: the storage is gone, the key does not fit, there is no backup to look at. Once
 * for each slot in each process; processes tell it under the same id.
 */
export function createBlockedRuns(
  notifier: Notifier | null,
  { clock, kinds, labels }: { clock: Clock; kinds: ReadonlyMap<string, JobAction>; labels: readonly string[] },
): (blocked: BlockedSlot<PlannedJob>) => Promise<void> {
  /** The last slot by schedule. */
  const warned = new Map<string, number>()
  const told = new Map<string, number>()
  return async (blocked) => {
    const { schedule, slot, lateMs, error } = blocked
    const name = slotsName(schedule)
    if (warned.get(name) !== slot.getTime()) {
      warned.set(name, slot.getTime())
      const why = error instanceof Error ? error.message : String(error)
      process.emitWarning(`The schedule "${schedule.name}" was due at ${slot.toISOString()} and cannot begin: ${why}`)
    }
    const action = kinds.get(schedule.kind)
    if (!notifier || !action || lateMs < patienceMs || told.get(name) === slot.getTime()) return
    const { blockedEvents } = await import('../../../notifications/event-of-fact.ts')
    await notifier.raise(
      blockedEvents({ ...factOf(blocked, action.name, labels), at: isoTime(clock.now()) }, notifier.options),
    )
    told.set(name, slot.getTime())
  }
}

function factOf(
  { schedule, slot, lateMs, error }: BlockedSlot<PlannedJob>,
  action: string,
  labels: readonly string[],
): Omit<RecordedFact, 'at'> {
  const { name, database, input } = schedule
  // As the success will name it that ends it.
  const label = database ?? (labels.length === 1 ? labels[0] : null)
  const code = isEngineError(error) ? wireCode(error.code) : 'internal'
  const detail = error instanceof Error ? error.message : String(error)
  return {
    ...{ seq: 0, hash: `blocked ${slotsName(schedule)} ${slot.toISOString()}`, action },
    ...{ actor: 'scheduler', subject: null, outcome: 'failed' },
    detail: { ...input, label, schedule: name, slot: slot.toISOString(), late_ms: lateMs, error: { code, detail } },
  }
}
