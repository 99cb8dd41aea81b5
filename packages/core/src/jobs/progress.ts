import type { EngineEvent, Waiting } from '../events.ts'

/** How far a job is, as the HTTP contract has it. Percentage and time left are those of the present phase. */
export interface JobProgress {
  phase: string
  /** 0 to 100; null where the work ahead is not known. */
  percent: number | null
  bytes: number
  bytes_total: number | null
  rows: number | null
  eta_seconds: number | null
  /** Only while the work stands still, in phase `waiting`. */
  waiting?: {
    reason: string
    blocked_by: { pid: number; statement: string } | null
    /** Null: as soon as the way is free. */
    next_try_at: string | null
  }
}

/** Turns the events of running work into its progress. */
export function createProgressMeter(now: () => number): {
  take(event: EngineEvent): void
  read(): JobProgress | null
  /** Ends a wait for a time; false where the work does not wait for one. */
  tryNow(): boolean
} {
  let progress: JobProgress | null = null
  let tryNow: (() => void) | undefined
  let begun = 0
  const enter = (phase: string) => {
    if (progress?.phase === phase) return
    begun = now()
    progress = { phase, percent: null, bytes: 0, bytes_total: null, rows: null, eta_seconds: null }
  }
  return {
    take(event) {
      if (event.type === 'log') return
      enter(event.phase)
      if (event.type === 'phase') {
        const { waiting } = event
        tryNow = waiting?.tryNow
        if (progress && waiting) progress = { ...progress, waiting: waitOf(waiting) }
        return
      }
      tryNow = undefined
      const { bytes, bytesTotal, rows, items, itemsTotal } = event
      const share = shareOf(bytes, bytesTotal) ?? shareOf(items, itemsTotal)
      progress = {
        phase: event.phase,
        percent: share === null ? null : Math.round(share * 1000) / 10,
        bytes,
        bytes_total: bytesTotal ?? null,
        rows: rows ?? null,
        eta_seconds: secondsLeft(share, now() - begun),
      }
    },
    read: () => progress,
    tryNow() {
      const waits = tryNow !== undefined
      tryNow?.()
      return waits
    },
  }
}

const waitOf = ({ reason, blockedBy, nextTryAt }: Waiting): NonNullable<JobProgress['waiting']> => ({
  reason,
  blocked_by: blockedBy,
  next_try_at: nextTryAt,
})

function shareOf(done: number | undefined, total: number | undefined): number | null {
  if (done === undefined || total === undefined || total <= 0) return null
  return Math.min(1, Math.max(0, done / total))
}

/** At the mean speed of the phase so far; nothing is foretold from less than a second or a hundredth of the work. */
function secondsLeft(share: number | null, elapsedMs: number): number | null {
  if (share === null || share < 0.01 || elapsedMs < 1000) return null
  return Math.round((elapsedMs * (1 - share)) / share / 1000)
}
