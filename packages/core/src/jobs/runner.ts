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

/** What the kinds of jobs do; loaded when a job is run or taken up, which most commands never do. */
export type LoadHandlers = () => Promise<Readonly<Record<string, JobHandler>>>

export interface JobContext {
  signal: AbortSignal
  report: Reporter
}

/** Why running work is being stopped. */
export type StopReason = 'cancelled' | 'shutdown' | 'lost'

export interface RunnerOptions {
  catalog: Catalog
  handlers: LoadHandlers
  clock: Clock
  /** Unique per process and start. */
  worker: string
  /** After this long without a sign of life a job counts as interrupted. Default 30 s. */
  leaseMs?: number
  /** The job that continues one that was broken off; null where it must not be continued. */
  successorOf: (job: JobRecord) => Promise<NewJob | null>
  /** Called when a record or its logs have changed. */
  onChange: (jobId: string) => void
}

/** Runs single jobs: claims, watches over the lease, records progress and logs, writes the end. */
export interface JobRunner {
  /** Runs the job if it can be claimed. `busy`: another one of its writer runs, perhaps in another process. */
  run(jobId: string): Promise<'done' | 'busy' | 'gone'>
  /**
   * Runs work that a caller waits for, under a record that says it runs: result and errors go to the caller, progress
   * and logs to both. Null where another job of the same writer runs.
   */
  runHere<T>(job: NewJob, how: RunHere<T>): Promise<{ result: T } | null>
  /** Stops the job if it runs here. */
  stop(jobId: string, reason: StopReason): boolean
  stopAll(reason: StopReason): void
  /** Ends the wait of a job that runs here for its next try; false where none runs here, or it does not wait for one. */
  tryNow(jobId: string): boolean
  running(): string[]
}

export interface RunHere<T> {
  signal?: AbortSignal | undefined
  report?: Reporter | undefined
  work(context: JobContext): Promise<T>
  /** What the record keeps of the result. */
  summary(result: T): Json | null
  /** The error that the record ends with although there is a result. */
  failure?(result: T): Error | null
}

/** How often a progress that changed is written: often enough to be on a page within a second. */
const progressMs = 500
/** How often the lease is prolonged where nothing changes: this late a wish of another process to cancel is seen. */
const beatMs = 2000

export function createJobRunner(options: RunnerOptions): JobRunner {
  const { catalog, handlers, clock, worker, leaseMs = 30_000, successorOf, onChange } = options
  const active = new Map<string, AbortController>()
  const waits = new Map<string, () => boolean>()
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
    await recorded(job, abort, async (context) => {
      const handler = (await handlers())[job.kind]
      if (!handler) throw new EngineError('INTERNAL', `No handler is known for jobs of kind "${job.kind}".`)
      return handler.run(job, context)
    })
  }

  async function runHere<T>(job: NewJob, how: RunHere<T>): Promise<{ result: T } | null> {
    const now = clock.now()
    const claim = { worker, lease_until: isoTime(now + leaseMs), started_at: isoTime(now) }
    ours.add(job.id)
    const abort = new AbortController()
    const stop = () => abort.abort('cancelled')
    try {
      if ((await catalog.jobs.insertRunning(job, claim)) === 'busy') return null
      active.set(job.id, abort)
      how.signal?.addEventListener('abort', stop, { once: true })
      if (how.signal?.aborted) stop()
      onChange(job.id)
      let done: { result: T } | undefined
      const failure = await recorded({ ...job, attempt: job.attempt ?? 1 }, abort, async ({ signal, report }) => {
        const both: Reporter = (event) => {
          report(event)
          how.report?.(event)
        }
        done = { result: await how.work({ signal, report: both }) }
        const bad = how.failure?.(done.result)
        if (bad) throw bad
        return how.summary(done.result)
      })
      if (failure && !done) throw failure.error
      return done ?? null
    } finally {
      how.signal?.removeEventListener('abort', stop)
      active.delete(job.id)
      ours.delete(job.id)
      onChange(job.id)
    }
  }

  /** Runs work under the lease of its record, and writes its end. Gives the error it ended with. */
  async function recorded(
    job: Pick<JobRecord, 'id' | 'attempt'>,
    abort: AbortController,
    run: (context: JobContext) => Promise<Json | null>,
  ): Promise<{ error: unknown } | null> {
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
    waits.set(job.id, recorder.tryNow)
    const lease = keepLease(job.id, abort, () => {
      if (!dirty) return undefined
      dirty = false
      return recorder.progress() ?? undefined
    })
    let outcome: Omit<JobOutcome, 'finished_at'>
    let failure: { error: unknown } | null = null
    try {
      abort.signal.throwIfAborted()
      outcome = { status: 'succeeded', result: await run({ signal: abort.signal, report: recorder.report }) }
    } catch (error) {
      failure = { error }
      outcome = outcomeOf(error, abort.signal)
      if (outcome.status === 'failed')
        recorder.report({ type: 'log', level: 'error', message: String(outcome.error?.detail) })
    }
    await lease.end()
    waits.delete(job.id)
    // Logs and progress that cannot be written must not keep the job from ending.
    await recorder.flush().catch(() => {})
    const progress = recorder.progress()
    if (progress)
      await catalog.jobs
        .beat(job.id, { worker, lease_until: isoTime(clock.now() + leaseMs), progress: { ...progress } })
        .catch(() => {})
    // Work that a caller waits for is the caller's to start again.
    const next = outcome.status === 'interrupted' && isOfQueue(job) ? await successorOf(job) : null
    const end = { ...outcome, finished_at: isoTime(clock.now()), next }
    const finish = catalog.jobs.finish(job.id, worker, end)
    // The waiting caller learns how the work ended, also where the catalog cannot be written.
    await (isOfQueue(job) ? finish : finish.catch((error: unknown) => void process.emitWarning(String(error))))
    return failure
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
      if (answer === 'try_now') waits.get(jobId)?.()
      if (changed !== undefined) onChange(jobId)
    }
    const schedule = () => {
      if (ended) return
      timer = clock.after(progressMs, () => {
        beating = beat()
          // The catalog may be away for a moment; past the lease another process may hold the job.
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
    runHere,
    stop(jobId, reason) {
      const abort = active.get(jobId)
      abort?.abort(reason)
      return abort !== undefined
    },
    stopAll(reason) {
      for (const abort of active.values()) abort.abort(reason)
    },
    tryNow: (jobId) => waits.get(jobId)?.() ?? false,
    running: () => [...active.keys()],
  }
}

/** A job of the queue comes as a whole record; for work that a caller waits for there is only what is needed. */
function isOfQueue(job: Pick<JobRecord, 'id' | 'attempt'> | JobRecord): job is JobRecord {
  return 'lease_until' in job
}

/** Work that ends with an error after it was asked to stop was stopped; whatever its error says. */
function outcomeOf(error: unknown, signal: AbortSignal): Omit<JobOutcome, 'finished_at'> {
  const reason = signal.aborted ? (signal.reason as StopReason) : undefined
  if (reason === 'cancelled') return { status: 'cancelled', error: jobError(error) }
  if (reason !== undefined || isEngineError(error, 'ABORTED')) return { status: 'interrupted', error: jobError(error) }
  return { status: 'failed', error: jobError(error) }
}
