import type { JobTable, LogLine } from '../catalog/catalog.ts'
import type { EngineEvent, Reporter } from '../events.ts'
import { type Clock, isoTime, type Timer } from './clock.ts'
import { createProgressMeter, type JobProgress } from './progress.ts'

/** Takes what one running job reports, and writes it to the catalog a few times a second instead of at every event. */
export interface JobRecorder {
  report: Reporter
  progress(): JobProgress | null
  /** Ends a wait for a time; false where the work does not wait for one. */
  tryNow(): boolean
  /** Writes the lines that are still here. */
  flush(): Promise<void>
}

const flushMs = 250
/** A line is for people; a message longer than this is cut. */
const messageLength = 8000

export function createRecorder(options: {
  jobs: JobTable
  jobId: string
  clock: Clock
  /** Called after something was written. */
  onWritten: () => void
  /** Called at progress, which the runner writes with its next beat. */
  onProgress: () => void
}): JobRecorder {
  const { jobs, jobId, clock, onWritten, onProgress } = options
  const meter = createProgressMeter(clock.now)
  let lines: LogLine[] = []
  let seq = 0
  let timer: Timer | undefined
  let writing: Promise<void> = Promise.resolve()

  const add = (level: string, message: string, detail: Record<string, unknown> | null) => {
    seq++
    lines.push({ seq, at: isoTime(clock.now()), level, message: message.slice(0, messageLength), detail })
    timer ??= clock.after(flushMs, () => {
      // A line that could not be written stays, and the next flush takes it along.
      flush().catch(() => {})
    })
  }
  const flush = () => {
    timer?.cancel()
    timer = undefined
    const write = async () => {
      // A copy: what is reported while this is being written is not in it.
      const taken = [...lines]
      if (taken.length === 0) return
      await jobs.appendLogs(jobId, taken)
      lines = lines.slice(taken.length)
      onWritten()
    }
    writing = writing.then(write, write)
    return writing
  }
  return {
    report(event: EngineEvent) {
      meter.take(event)
      if (event.type === 'log') add(event.level, event.message, event.detail ?? null)
      else if (event.type === 'phase') add('info', `Phase: ${event.phase}`, { phase: event.phase })
      onProgress()
    },
    progress: meter.read,
    tryNow: meter.tryNow,
    flush,
  }
}
