import { EngineError } from '../errors.ts'

export const defaultStallMs = 15 * 60_000

export interface Limits {
  maxSnapshotAgeMs: number
  stallMs: number
  /** One entry per worker: whether it should be making progress now, and how far it is. */
  activity(): readonly { active: boolean; bytes: number }[]
  onExceeded(error: EngineError): void
}

/**
 * Watches a running attempt: a snapshot that grows too old holds back vacuum for the whole server, and a transfer on
 * which nothing moves any more (a client asleep, a network that swallows packets, storage that hangs) would hold it for
 * days. Calls `onExceeded` at most once; the returned function ends the watch.
 */
export function watchLimits(limits: Limits): () => void {
  const { maxSnapshotAgeMs, stallMs } = limits
  const began = Date.now()
  const last: { bytes: number; at: number }[] = []
  const timer = setInterval(
    () => {
      const now = Date.now()
      if (now - began >= maxSnapshotAgeMs) return exceed('SNAPSHOT_TOO_OLD', snapshotTooOld(maxSnapshotAgeMs))
      limits.activity().forEach(({ active, bytes }, worker) => {
        const before = last[worker]
        if (!before || !active || before.bytes !== bytes) last[worker] = { bytes, at: now }
        else if (now - before.at >= stallMs) exceed('BACKUP_STALLED', stalled(stallMs))
      })
    },
    Math.max(5, Math.min(1000, maxSnapshotAgeMs / 4, stallMs / 4)),
  )
  timer.unref()
  const stop = () => clearInterval(timer)
  const exceed = (code: 'SNAPSHOT_TOO_OLD' | 'BACKUP_STALLED', message: string) => {
    stop()
    limits.onExceeded(new EngineError(code, message))
  }
  return stop
}

function snapshotTooOld(ms: number): string {
  return `The backup's snapshot is older than ${Math.round(ms / 1000)} s.`
}

function stalled(ms: number): string {
  return `Nothing has been read or stored for ${Math.round(ms / 1000)} s.`
}
