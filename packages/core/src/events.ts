/** What long work reports: one type for the CLI's bars, job records, logs and event streams. */
export type EngineEvent = PhaseEvent | ProgressEvent | LogEvent

/** A new phase of the work has begun, e.g. `snapshot`, `rows`, `media`, `manifest`. */
export interface PhaseEvent {
  type: 'phase'
  phase: string
  /** With phase `waiting`: why the work stands still. */
  waiting?: Waiting
}

/** Why work stands still. */
export interface Waiting {
  /** One sentence for people, without secrets. */
  reason: string
  /** The session of the database that is in the way, where one was seen. */
  blockedBy: { pid: number; statement: string } | null
  /** When it tries again, as ISO 8601; null: as soon as the way is free. */
  nextTryAt: string | null
  /** Ends the wait and tries again now, where it waits for a time. */
  tryNow?: () => void
}

/** How far the present phase is. Sent at most a few times a second; the last one of a phase is always sent. */
export interface ProgressEvent {
  type: 'progress'
  phase: string
  /** Bytes done and, where it is known, to do. Estimates may be off; `bytesTotal` never falls below `bytes`. */
  bytes: number
  bytesTotal?: number
  rows?: number
  /** Things done and to do where bytes say little (tables, indexes, objects). */
  items?: number
  itemsTotal?: number
}

export interface LogEvent {
  type: 'log'
  level: 'debug' | 'info' | 'warning' | 'error'
  /** One sentence for people, without secrets. */
  message: string
  detail?: Record<string, unknown>
}

/** Is called with progress and log lines while an operation runs. */
export type Reporter = (event: EngineEvent) => void

/** Shorthand for a log event. */
export function log(
  report: Reporter | undefined,
  level: LogEvent['level'],
  message: string,
  detail?: Record<string, unknown>,
): void {
  report?.({ type: 'log', level, message, ...(detail ? { detail } : {}) })
}
