import { setTimeout as delay } from 'node:timers/promises'
import type { Catalog, JobRecord, Json, NewJob } from '../catalog/catalog.ts'
import { EngineError, throwIfAborted } from '../errors.ts'
import { type Clock, isoTime, type Timer } from './clock.ts'
import { randomId } from './job-id.ts'
import type { Delivery, JobQueue, QueuedJob } from './job-queue.ts'
import { createJobRunner, type JobContext, type LoadHandlers, type RunHere } from './runner.ts'
import { createWatchers, type JobUpdate } from './watchers.ts'

export interface JobRequest {
  /** Default: a new one. */
  id?: string
  kind: string
  database: string
  input: Json
  trigger: string
  createdBy: string
  /** Id of the backup or restore it makes or works on. */
  subjectId?: string | null
  /** At most one job of the same writer runs at a time, e.g. the database's label; null: beside anything. */
  writer: string | null
}

/** All jobs of an engine: asked for here, kept in the catalog, run by this process or another one. */
export interface Jobs {
  /** Takes up what is queued, and marks what a crash left behind. */
  start(): Promise<void>
  /** Starts nothing more, breaks off what runs (`interrupted`, to be taken up again where that is safe), and waits. */
  stop(): Promise<void>
  add(request: JobRequest): Promise<JobRecord>
  /**
   * Does work that the caller waits for now, as a job like any other. `LEASE_HELD` after `waitMs` where another job of
   * the same writer runs.
   */
  runHere<T>(
    request: JobRequest,
    how: Omit<RunHere<T>, 'work'> & { waitMs?: number },
    work: (context: JobContext & { taskId: string }) => Promise<T>,
  ): Promise<T>
  /** For jobs that another process added to the catalog. */
  notice(job: QueuedJob): Promise<void>
  cancel(jobId: string): Promise<'cancelled' | 'requested' | 'finished' | 'missing'>
  /** Ends the wait of a running job for its next try: here at once, in another process at its next beat. */
  tryNow(jobId: string): Promise<'asked' | 'not_waiting'>
  /** Puts these queued jobs first, in this order. Gives the ids that were moved. */
  reorder(jobIds: readonly string[]): Promise<string[]>
  pause(): Promise<void>
  resume(): Promise<void>
  isPaused(): Promise<boolean>
  /** Log lines and changed records of one job, from line `after` on, until it has ended or `signal` fires. */
  watch(jobId: string, options: { after?: number; signal?: AbortSignal }): AsyncIterable<JobUpdate>
  /** The changed records of all jobs, beginning with those that have not ended. */
  watchAll(options: { signal?: AbortSignal }): AsyncIterable<JobRecord>
  /** Resolves with the record once the job has ended. */
  ended(jobId: string, options?: { signal?: AbortSignal }): Promise<JobRecord>
  newJob(request: JobRequest): NewJob
}

export interface JobsOptions {
  catalog: Catalog
  queue: JobQueue
  handlers: LoadHandlers
  clock: Clock
  worker: string
  leaseMs?: number
  /**
   * How often the catalog is searched for jobs of other processes and for broken ones, whatever hints it gives. Default
   * 5 s.
   */
  sweepMs?: number
  /** Told of jobs whose process is gone. */
  onBroken?: (job: JobRecord) => Promise<void>
  /** Times a broken-off job is begun again. Default 3. */
  maxAttempts?: number
}

/** The place in the queue of a job that never waits in it. */
const waitedFor = -1
/** How often a writer that is busy is asked again. */
const busyMs = 500

/** In the catalog's configuration, so that a pause holds for every process and outlives a restart. */
const pausedName = '.queue_paused'

export function createJobs(options: JobsOptions): Jobs {
  const { catalog, queue, handlers, clock, worker, leaseMs, sweepMs = 5000, maxAttempts = 3, onBroken } = options
  const watchers = createWatchers(catalog)
  const runner = createJobRunner({
    catalog,
    handlers,
    clock,
    worker,
    ...(leaseMs === undefined ? {} : { leaseMs }),
    successorOf,
    onChange: watchers.notify,
  })
  let timer: Timer | undefined
  let stopped = true
  let sweeping: Promise<void> = Promise.resolve()
  let hints: { stop(): void } | undefined
  let hinted = false

  let newest = { ms: Number.NaN, ofThisMs: 0 }
  /** Behind all that this process has added: of a millisecond too, where ids would decide, which are random. */
  function lastPosition(): number {
    const ms = clock.now()
    newest = { ms, ofThisMs: newest.ms === ms ? newest.ofThisMs + 1 : 0 }
    return ms + newest.ofThisMs / 1024
  }

  const newJob = (request: JobRequest): NewJob => ({
    id: request.id ?? randomId('t'),
    kind: request.kind,
    subject_id: request.subjectId ?? null,
    database: request.database,
    writer: request.writer,
    position: lastPosition(),
    input: request.input,
    trigger: request.trigger,
    created_by: request.createdBy,
    created_at: isoTime(clock.now()),
  })

  async function deliver(jobId: string): Promise<Delivery> {
    if (stopped) return 'stopped'
    // Another process may have paused the queue since the last look.
    if (await isPaused()) return 'paused'
    const outcome = await runner.run(jobId)
    if (outcome !== 'done') return outcome
    const job = await catalog.jobs.get(jobId)
    if (job?.status === 'interrupted') await takeUp(job)
    return 'done'
  }

  /**
   * The job that does what a broken-off one could not, saying which it continues. Its id follows from that one's, so
   * that however often it is added there is one.
   */
  async function successorOf(job: JobRecord): Promise<NewJob | null> {
    // Work that a caller in another process waited for is that caller's to start again.
    if (job.position === waitedFor || job.cancel_requested) return null
    if (job.attempt >= maxAttempts || !(await handlers())[job.kind]?.resumable) return null
    const { kind, subject_id, database, writer, position, input, trigger, created_by } = job
    return {
      id: `${job.id.replace(/-\d+$/, '')}-${job.attempt + 1}`,
      ...{ kind, subject_id, database, writer, position, input, trigger, created_by },
      created_at: isoTime(clock.now()),
      attempt: job.attempt + 1,
      resumes: job.id,
    }
  }

  /** The catalog has the successor already; here it is only put into our queue, if it is still waiting. */
  async function takeUp(job: JobRecord): Promise<void> {
    watchers.notify(job.id)
    const successor = await successorOf(job)
    if (successor && !stopped) await queue.add(successor)
  }

  /** Jobs whose process is gone end here. */
  async function expire(): Promise<void> {
    for (const job of await catalog.jobs.expire(isoTime(clock.now()), successorOf)) {
      await onBroken?.(job)
      await takeUp(job)
    }
  }

  /** Names the job that is in the way. */
  async function busy({ writer, database }: NewJob): Promise<EngineError> {
    const running = await catalog.jobs.list({ statuses: ['running'] })
    const other = running.find((job) => job.writer === writer)
    const what = other ? `The task ${other.id} (${other.kind}, of ${other.created_by})` : 'Another task'
    return new EngineError('LEASE_HELD', `${what} works on "${database}".`, {
      detail: other ? { task_id: other.id, kind: other.kind } : {},
    })
  }

  async function sweep(): Promise<void> {
    await expire()
    const paused = await isPaused()
    await (paused ? queue.pause() : queue.resume())
    if (paused) return
    for (const job of await catalog.jobs.list({ statuses: ['queued'] })) await queue.add(job)
  }

  const isPaused = async () => (await catalog.configuration.read())[pausedName] === true
  const setPaused = (value: boolean) =>
    catalog.configuration.write({ [pausedName]: value ? true : undefined }, { by: worker, at: isoTime(clock.now()) })

  const scheduleSweep = () => {
    if (stopped) return
    timer = clock.after(sweepMs, () => {
      // The catalog may be away for a moment; the next sweep makes up for this one.
      sweeping = sweeping
        .then(sweep)
        .catch(() => {})
        .then(scheduleSweep)
    })
  }

  /** A look out of turn. Several hints while one waits are one. */
  const onHint = () => {
    if (hinted || stopped) return
    hinted = true
    sweeping = sweeping
      .then(() => {
        hinted = false
        return stopped ? undefined : sweep()
      })
      .catch(() => {})
  }

  return {
    newJob,
    async start() {
      if (!stopped) return
      stopped = false
      try {
        await queue.start(deliver)
      } catch (error) {
        stopped = true
        throw error
      }
      await sweep()
      scheduleSweep()
      hints = catalog.listen?.(onHint)
    },
    async stop() {
      stopped = true
      timer?.cancel()
      hints?.stop()
      await sweeping
      runner.stopAll('shutdown')
      await queue.stop()
      watchers.close()
    },
    async add(request) {
      const job = newJob(request)
      await catalog.jobs.insert(job)
      if (!stopped) await queue.add(job)
      watchers.notify(job.id)
      return (await catalog.jobs.get(job.id)) as JobRecord
    },
    async runHere(request, { waitMs = 0, ...how }, work) {
      const { signal } = how
      const job = { ...newJob(request), position: waitedFor }
      const until = clock.now() + waitMs
      for (;;) {
        await expire()
        const done = await runner.runHere(job, {
          ...how,
          work: (context) => work({ ...context, taskId: job.id }),
        })
        if (done) return done.result
        throwIfAborted(signal)
        if (clock.now() >= until) throw await busy(job)
        await delay(busyMs, undefined, signal ? { signal } : {}).catch(() => throwIfAborted(signal))
      }
    },
    notice: async (job) => {
      watchers.notify(job.id)
      if (!stopped) await queue.add(job)
    },
    async cancel(jobId) {
      const outcome = await catalog.jobs.cancel(jobId, isoTime(clock.now()))
      if (outcome === 'requested') runner.stop(jobId, 'cancelled')
      watchers.notify(jobId)
      return outcome
    },
    async tryNow(jobId) {
      if (runner.tryNow(jobId)) return 'asked'
      // One that runs here does not wait; its process is the one to know.
      if (runner.running().includes(jobId)) return 'not_waiting'
      return (await catalog.jobs.requestTry(jobId)) ? 'asked' : 'not_waiting'
    },
    async reorder(jobIds) {
      const queued = await catalog.jobs.list({ statuses: ['queued'] })
      const first = Math.min(...queued.map(({ position }) => position), clock.now())
      const moved: string[] = []
      for (const [index, id] of jobIds.entries()) {
        const position = first - jobIds.length + index
        if (!(await catalog.jobs.move(id, position))) continue
        await queue.move(id, position)
        moved.push(id)
      }
      for (const id of moved) watchers.notify(id)
      return moved
    },
    async pause() {
      await setPaused(true)
      await queue.pause()
    },
    async resume() {
      await setPaused(false)
      if (!stopped) await sweep()
    },
    isPaused,
    watch: watchers.watch,
    watchAll: watchers.watchAll,
    async ended(jobId, { signal } = {}) {
      for await (const update of watchers.watch(jobId, { after: noLogs, ...(signal ? { signal } : {}) }))
        if (update.type === 'job' && hasEnded(update.job)) return update.job
      throw new EngineError('ABORTED', `Job ${jobId} was not waited for to its end.`)
    },
  }
}

/** Above every line's number. */
const noLogs = 2 ** 31 - 1

export const hasEnded = (job: Pick<JobRecord, 'status'>): boolean => job.status !== 'queued' && job.status !== 'running'
