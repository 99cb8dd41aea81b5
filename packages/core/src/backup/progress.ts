import type { Reporter } from '../events.ts'

/** What a phase has done so far, asked for a few times a second. */
export interface Progress {
  bytes: number
  bytesTotal?: number
  rows?: number
  items?: number
  itemsTotal?: number
}

/**
 * Announces a phase, reports its progress while `work` runs (at most four times a second, and once at its end), and
 * leaves no timer behind.
 */
export async function inPhase<T>(
  report: Reporter | undefined,
  phase: string,
  work: () => Promise<T>,
  progress?: () => Progress,
): Promise<T> {
  report?.({ type: 'phase', phase })
  const send = () => {
    if (!progress) return
    const now = progress()
    const bytesTotal = now.bytesTotal === undefined ? undefined : Math.max(now.bytes, Math.round(now.bytesTotal))
    report?.({ type: 'progress', phase, ...now, ...(bytesTotal === undefined ? {} : { bytesTotal }) })
  }
  const timer = report && progress ? setInterval(send, 250) : undefined
  timer?.unref()
  try {
    const result = await work()
    send()
    return result
  } finally {
    clearInterval(timer)
  }
}
