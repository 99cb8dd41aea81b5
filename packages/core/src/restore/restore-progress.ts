import type { Reporter } from '../events.ts'

/** Tells of phases and, a few times a second, of how far they are. */
export interface RestoreProgress {
  phase(name: string, totals?: { bytes?: number; items?: number }): void
  add(done: { bytes?: number; rows?: number; items?: number }): void
  /** The last word of a phase. */
  end(): void
}

const intervalMs = 250

export function createProgress(report: Reporter | undefined): RestoreProgress {
  let phase = ''
  let bytes = 0
  let rows = 0
  let items = 0
  let totals: { bytes?: number; items?: number } = {}
  let sentAt = 0
  const send = () => {
    sentAt = performance.now()
    report?.({
      type: 'progress',
      phase,
      bytes,
      rows,
      ...(totals.bytes === undefined ? {} : { bytesTotal: Math.max(bytes, totals.bytes) }),
      ...(totals.items === undefined ? {} : { items, itemsTotal: totals.items }),
    })
  }
  return {
    phase(name, newTotals = {}) {
      phase = name
      bytes = rows = items = 0
      totals = newTotals
      sentAt = 0
      report?.({ type: 'phase', phase })
    },
    add(done) {
      bytes += done.bytes ?? 0
      rows += done.rows ?? 0
      items += done.items ?? 0
      if (performance.now() - sentAt >= intervalMs) send()
    },
    end: send,
  }
}
