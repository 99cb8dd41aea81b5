import type { ConnectionOptions, Job, Queue, Worker } from 'bullmq'
import type { HostQueue, JobMessage } from '../jobs/host-queue.ts'
import { loadOptionalPeer } from '../storage/optional-peer.ts'

/** The options of `bullmqQueue`. */
export interface BullmqQueueOptions {
  /** `redis://…`, options of ioredis, or a client of the host's, which stays open. */
  connection: string | object
  /** Of the queue in Redis and in a dashboard; default `lifeboat`. */
  name?: string
  /** Before all keys in Redis; default BullMQ's own. */
  prefix?: string
  /** False: this process brings jobs and leaves running them to others. Default true. */
  work?: boolean
  /** Further options of BullMQ's Worker, e.g. `{ lockDuration, stalledInterval, limiter }`. */
  worker?: Record<string, unknown>
}

/** Ended messages that stay to be seen in a dashboard, of either kind. */
const kept = { count: 1000 }

/**
 * Jobs on BullMQ. Needs `bullmq` and, unless the connection is a client already, `ioredis`. A message has the id of its
 * task, is tried once, and is taken as stalled where its worker is silent; delivered again it runs nothing twice.
 */
export function bullmqQueue(options: BullmqQueueOptions): HostQueue {
  const { name = 'lifeboat', prefix, work = true, worker: ofWorker } = options
  const common = { connection: connectionOf(options.connection), ...(prefix === undefined ? {} : { prefix }) }
  let opened: Promise<Opened> | undefined
  let worker: Worker | undefined

  async function open(): Promise<Opened> {
    const bullmq = await load(options.connection)
    const queue: Queue = new bullmq.Queue(name, common)
    // It connects again by itself; what could not be said fails where it was said.
    queue.on('error', () => {})
    return { bullmq, queue }
  }
  const queue = () => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }

  return {
    name: `BullMQ "${name}"`,
    async bring(message) {
      await addDue((await queue()).queue, message)
    },
    async work(run, { concurrency }) {
      const { bullmq } = await queue()
      if (!work) return
      const process = async (job: Job<JobMessage>, token?: string) => {
        const end = await run(job.data.task_id)
        if (end === 'done') return
        await job.moveToDelayed(Date.now() + end.laterMs, token)
        throw new bullmq.DelayedError()
      }
      worker = new bullmq.Worker(name, process, { ...common, ...ofWorker, concurrency })
      worker.on('error', () => {})
    },
    async close() {
      const closing = { worker, opened }
      worker = opened = undefined
      await closing.worker?.close()
      await (await closing.opened?.catch(() => undefined))?.queue.close()
    },
  }
}

interface Opened {
  bullmq: typeof import('bullmq')
  queue: Queue
}

async function addDue(queue: Queue, message: JobMessage): Promise<void> {
  const known = await queue.getJob(message.task_id)
  const state = await known?.getState()
  // BullMQ does not add a message whose id one that has ended still has.
  if (state === 'completed' || state === 'failed') await known?.remove()
  // It may be delivered, or be gone, right now.
  if (state === 'delayed') return known?.promote().catch(() => {})
  await queue.add(message.kind, message, {
    jobId: message.task_id,
    attempts: 1,
    removeOnComplete: kept,
    removeOnFail: kept,
  })
}

async function load(connection: string | object): Promise<typeof import('bullmq')> {
  const what = 'A queue of BullMQ'
  const bullmq = await loadOptionalPeer('bullmq', () => import('bullmq'), what)
  // BullMQ itself says only that some package is missing, and only when it connects.
  if (!isClient(connection)) await loadOptionalPeer('ioredis', () => import('ioredis'), what)
  return bullmq
}

const isClient = (connection: string | object) => typeof connection === 'object' && 'duplicate' in connection
const connectionOf = (connection: string | object): ConnectionOptions =>
  typeof connection === 'string' ? { url: connection } : connection
