import { setTimeout as delay } from 'node:timers/promises'
import type { Catalog } from '../catalog/catalog.ts'
import type { Clock } from './clock.ts'
import type { HostQueue, MessageEnd } from './host-queue.ts'
import type { Delivery, JobQueue, QueuedJob } from './job-queue.ts'

export interface HostedQueueOptions {
  host: HostQueue
  catalog: Pick<Catalog, 'jobs'>
  clock: Clock
  concurrency: number
  /** What is still queued so long after it was brought is brought again: the message may be lost. Default 30 s. */
  bringAgainMs?: number
}

/** A message is handed over within this time, or the host's queue counts as away. */
const bringMs = 5000
/** The host's queue is left in peace so long after it was away. */
const awayMs = 5000
/** The most that a message waits for its turn before it asks again. */
const longestWaitMs = 10_000

/**
 * The host's queue as ours. A message is an offer to run its job: the catalog decides whether that is queued, whether it
 * is the first of its writer's, and whether anything may begin. So pause, order and cancel are the catalog's, and hold
 * whatever the host's queue can do.
 */
export function createHostedQueue(options: HostedQueueOptions): JobQueue {
  const { host, catalog, clock, concurrency, bringAgainMs = 30_000 } = options
  /** When this process has brought it. */
  const brought = new Map<string, number>()
  const running = new Set<Promise<MessageEnd>>()
  let deliver: ((jobId: string) => Promise<Delivery>) | undefined
  let paused = false
  let awayUntil = 0
  let warned = false

  /** Never throws: the catalog has the job, and the next look brings it. */
  async function bring({ id, kind, database }: QueuedJob): Promise<void> {
    if (clock.now() < awayUntil) return
    try {
      await inTime(host.bring({ task_id: id, kind, label: database }))
      warned = false
      brought.set(id, clock.now())
    } catch (error) {
      awayUntil = clock.now() + awayMs
      if (warned) return
      warned = true
      process.emitWarning(
        `${host.name} does not take jobs: ${error instanceof Error ? error.message : String(error)} They stay queued and are brought when it does.`,
      )
    }
  }

  const line = () => catalog.jobs.list({ statuses: ['queued'] })

  /** The job, with how many are to run before it; null where it is not queued. */
  async function place(id: string): Promise<{ writer: string | null; ahead: number } | null> {
    const waiting = await line()
    const job = waiting.find((one) => one.id === id) ?? (await catalog.jobs.get(id))
    if (job?.status !== 'queued') return null
    const { writer } = job
    const ahead = waiting.filter((one) => one.writer === writer).findIndex((one) => one.id === id)
    // The list has its bounds: what is not in it is far back.
    return { writer, ahead: ahead === -1 ? waiting.length : ahead }
  }

  /** The same, once messages that were delivered together had the time to claim their jobs. */
  async function settledPlace(id: string) {
    let found = await place(id)
    for (let tries = 0; found && found.writer === null && found.ahead > 0 && tries < 5; tries++) {
      await delay(100)
      found = await place(id)
    }
    return found
  }

  async function offer(id: string): Promise<MessageEnd> {
    if (!deliver) return { laterMs: 1000 }
    if (paused) return { laterMs: longestWaitMs }
    const found = await settledPlace(id)
    if (!found) return 'done'
    if (found.ahead > 0 || !deliver) return { laterMs: Math.min(1000 * (found.ahead + 1), longestWaitMs) }
    brought.delete(id)
    const delivery = await deliver(id)
    if (delivery === 'busy' || delivery === 'stopped') return { laterMs: 1000 }
    if (delivery === 'paused') return { laterMs: longestWaitMs }
    if (delivery === 'done' && found.writer !== null) await bringNext(found.writer)
    return 'done'
  }

  /** The next job of a writer that is free now need not wait until its message asks again. */
  async function bringNext(writer: string): Promise<void> {
    const next = (await line()).find((one) => one.writer === writer)
    if (next && deliver) await bring(next)
  }

  function run(id: string): Promise<MessageEnd> {
    // The catalog may be away for a moment. A job that had begun is not queued any more, and will not be run again.
    const offered = offer(id).catch((): MessageEnd => ({ laterMs: awayMs }))
    running.add(offered)
    return offered.finally(() => running.delete(offered))
  }

  function forgetOld(): void {
    for (const [id, at] of brought) if (at + bringAgainMs <= clock.now()) brought.delete(id)
  }

  return {
    async start(to) {
      deliver = to
      await host.work(run, { concurrency })
    },
    async add(job) {
      forgetOld()
      if (!brought.has(job.id)) await bring(job)
    },
    async move(id) {
      const job = await catalog.jobs.get(id)
      if (job?.status === 'queued') await bring(job)
    },
    async pause() {
      paused = true
    },
    async resume() {
      // Messages that were delivered during the pause are put off; those that are brought now are due.
      if (paused) brought.clear()
      paused = false
    },
    async stop() {
      deliver = undefined
      await Promise.all(running)
      await host.close()
    },
  }
}

async function inTime(work: Promise<void>): Promise<void> {
  const abort = new AbortController()
  const late = delay(bringMs, undefined, { signal: abort.signal }).then(() => {
    throw new Error(`no answer within ${bringMs / 1000} s.`)
  })
  // Of the two the slower one is not waited for.
  late.catch(() => {})
  work.catch(() => {})
  try {
    await Promise.race([work, late])
  } finally {
    abort.abort()
  }
}
