import type { Catalog, JobOutcome, JobRecord, Json, NewJob } from '../catalog/catalog.ts'
import { EngineError, isEngineError } from '../errors.ts'
import type { Reporter } from '../events.ts'
import { type Clock, isoTime, type Timer } from './clock.ts'
import { jobError } from './job-error.ts'
import { createRecorder } from './recorder.ts'

/** What a kind of job does. */
export interface JobHandler {
  /** Whether a job that a crash or a shutdown broke off may simply be begun again. */
  resumable: boolean
  /** The work. Resolves with the job's result; throws its error; ends soon after `signal` fires. */
  run(job: JobRecord, context: JobContext): Promise<Json | null>
}

export interface JobContext {
  signal: AbortSignal
  report: Reporter
}

/** Why running work is being stopped. */
export type StopReason = 'cancelled' | 'shutdown' | 'lost'

export interface RunnerOptions {
  catalog: Catalog
  handlers: Readonly<Record<string, JobHandler>>
  clock: Clock
  /** Unique per process and start. */
  worker: string
  /** After this long without a sign of life a job counts as interrupted. Default 30 s. */
  leaseMs?: number
  /** The job that continues one that was broken off; null where it must not be continued. */
  successorOf: (job: JobRecord) => NewJob | null
  /** Called when a record or its logs have changed. */
  onChange: (jobId: string) => void
}

/** Runs single jobs: claims, watches over the lease, records progress and logs, writes the end. */
export interface JobRunner {
  /** Runs the job if it can be claimed. `busy`: another one of its writer runs, perhaps in another process. */
  run(jobId: string): Promise<'done' | 'busy' | 'gone'>
  /** Stops the job if it runs here. */
  stop(jobId: string, reason: StopReason): boolean
  stopAll(reason: StopReason): void
  running(): string[]
}

/** How often a progress that changed is written: often enough to be on a page within a second. */
const progressMs = 500
/** How often the lease is prolonged where nothing changes: this late a wish of another process to cancel is seen. */
const beatMs = 2000

export function createJobRunner(options: RunnerOptions): JobRunner {
  const { catalog, handlers, clock, worker, leaseMs = 30_000, successorOf, onChange } = options
  const active = new Map<string, AbortController>()
  /** From before the claim to the end: a claim of our own worker's job succeeds again, so it must not be asked twice. */
  const ours = new Set<string>()

  async function run(jobId: string): Promise<'done' | 'busy' | 'gone'> {
    // A sweep may have listed a job as waiting just before it was taken from the queue.
    if (ours.has(jobId)) return 'gone'
    ours.add(jobId)
    try {
      return await claimAndRun(jobId)
    } finally {
      ours.delete(jobId)
    }
  }

  async function claimAndRun(jobId: string): Promise<'done' | 'busy' | 'gone'> {
    const now = clock.now()
    const claimed = await catalog.jobs.claim(jobId, {
      worker,
      lease_until: isoTime(now + leaseMs),
      started_at: isoTime(now),
    })
    if (claimed !== 'claimed') return claimed
    const job = await catalog.jobs.get(jobId)
    if (!job) return 'gone'
    const abort = new AbortController()
    active.set(jobId, abort)
    onChange(jobId)
    try {
      await work(job, abort)
    } finally {
      active.delete(jobId)
      onChange(jobId)
    }
    return 'done'
  }

  async function work(job: JobRecord, abort: AbortController): Promise<void> {
    let dirty = false
    const recorder = createRecorder({
      jobs: catalog.jobs,
      jobId: job.id,
      clock,
      onWritten: () => onChange(job.id),
      onProgress: () => {
        dirty = true
      },
    })
    const lease = keepLease(job.id, abort, () => {
      if (!dirty) return undefined
      dirty = false
      return recorder.progress() ?? undefined
    })
    let outcome: Omit<JobOutcome, 'finished_at'>
    try {
      const handler = handlers[job.kind]
      if (!handler) throw new EngineError('INTERNAL', `No handler is known for jobs of kind "${job.kind}".`)
      abort.signal.throwIfAborted()
      outcome = {
        status: 'succeeded',
        result: await handler.run(job, { signal: abort.signal, report: recorder.report }),
      }
    } catch (error) {
      outcome = outcomeOf(error, abort.signal)
      if (outcome.status === 'failed')
        recorder.report({ type: 'log', level: 'error', message: String(outcome.error?.detail) })
    }
    await lease.end()
    // Logs that cannot be written must not keep the job from ending.
    await recorder.flush().catch(() => {})
    const progress = recorder.progress()
    if (progress)
      await catalog.jobs.beat(job.id, {
        worker,
        lease_until: isoTime(clock.now() + leaseMs),
        progress: { ...progress },
      })
    const next = outcome.status === 'interrupted' ? successorOf(job) : null
    await catalog.jobs.finish(job.id, worker, { ...outcome, finished_at: isoTime(clock.now()), next })
  }

  /** Beats until ended; a lease that cannot be prolonged, or a wish to cancel, stops the work. */
  function keepLease(jobId: string, abort: AbortController, progress: () => object | undefined) {
    let leaseUntil = clock.now() + leaseMs
    let lastBeat = clock.now()
    let timer: Timer | undefined
    let beating: Promise<void> = Promise.resolve()
    let ended = false
    const stop = (reason: StopReason) => abort.abort(reason)
    const beat = async () => {
      const changed = progress()
      if (changed === undefined && clock.now() - lastBeat < Math.min(beatMs, leaseMs / 3)) return
      const until = clock.now() + leaseMs
      const answer = await catalog.jobs.beat(jobId, {
        worker,
        lease_until: isoTime(until),
        ...(changed === undefined ? {} : { progress: { ...changed } }),
      })
      lastBeat = clock.now()
      if (answer === 'lost') return stop('lost')
      leaseUntil = until
      if (answer === 'cancel') stop('cancelled')
      if (changed !== undefined) onChange(jobId)
    }
    const schedule = () => {
      if (ended) return
      timer = clock.after(progressMs, () => {
        beating = beat()
          // The catalog may be away for a moment; past the lease somebody else may hold the job.
          .catch(() => {
            if (clock.now() > leaseUntil) stop('lost')
          })
          .then(schedule)
      })
    }
    schedule()
    return {
      async end() {
        ended = true
        timer?.cancel()
        await beating
      },
    }
  }

  return {
    run,
    stop(jobId, reason) {
      const abort = active.get(jobId)
      abort?.abort(reason)
      return abort !== undefined
    },
    stopAll(reason) {
      for (const abort of active.values()) abort.abort(reason)
    },
    running: () => [...active.keys()],
  }
}

/** Work that ends with an error after it was asked to stop was stopped; whatever its error says. */
function outcomeOf(error: unknown, signal: AbortSignal): Omit<JobOutcome, 'finished_at'> {
  const reason = signal.aborted ? (signal.reason as StopReason) : undefined
  if (reason === 'cancelled') return { status: 'cancelled', error: jobError(error) }
  if (reason !== undefined || isEngineError(error, 'ABORTED')) return { status: 'interrupted', error: jobError(error) }
  return { status: 'failed', error: jobError(error) }
}
