import { EngineError } from '../errors.ts'

export const defaultStallMs = 15 * 60_000

/**
 * Watches a running attempt for transfers on which nothing moves any more (a network that swallows packets, a client
 * that sleeps, storage that hangs): they would hold the snapshot, and back vacuum on the whole server, for days.
 * `activity` has one entry per worker: whether it should be making progress now, and how far it is. `onStalled` is
 * called at most once; the returned function ends the watch.
 */
export function watchForStall(watch: {
  stallMs: number
  activity(): readonly { active: boolean; bytes: number }[]
  onStalled(error: EngineError): void
}): () => void {
  const { stallMs } = watch
  const last: { bytes: number; at: number }[] = []
  const timer = setInterval(
    () => {
      const now = Date.now()
      watch.activity().forEach(({ active, bytes }, worker) => {
        const before = last[worker]
        if (!before || !active || before.bytes !== bytes) last[worker] = { bytes, at: now }
        else if (now - before.at >= stallMs) {
          clearInterval(timer)
          const message = `Nothing has been read or stored for ${Math.round(stallMs / 1000)} s.`
          watch.onStalled(new EngineError('BACKUP_STALLED', message))
        }
      })
    },
    Math.max(5, Math.min(1000, stallMs / 4)),
  )
  timer.unref()
  return () => clearInterval(timer)
}
