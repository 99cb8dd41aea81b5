import type { WorkerPool } from './worker-pool.ts'

/** A pool whose threads are started when something is first asked of them. */
export interface LazyPool extends WorkerPool {
  readonly started: boolean
  /** Starts the threads now, because there will be work. */
  start(): void
}

/** Where nothing has changed no thread is needed: starting them would cost more than all the rest. */
export function createLazyPool(size: number, create: () => WorkerPool): LazyPool {
  let pool: WorkerPool | undefined
  let target: Parameters<WorkerPool['connect']> | undefined
  let connecting: Promise<void> | undefined
  let stopped = false

  const started = (): WorkerPool => {
    if (!pool) {
      pool = create()
      // A thread that was asked for after the end must end, too.
      if (stopped) void pool.stop()
    }
    return pool
  }
  const connected = async (): Promise<WorkerPool> => {
    const ready = started()
    if (target) connecting ??= ready.connect(...target)
    await connecting
    return ready
  }

  return {
    size,
    get started() {
      return pool !== undefined
    },
    start: () => void started(),
    get bytesRead() {
      return pool?.bytesRead ?? 0
    },
    get backendPids() {
      return pool?.backendPids ?? []
    },
    activity: () => pool?.activity() ?? [],
    async connect(...parameters) {
      target = parameters
      if (pool) await connected()
    },
    async disconnect() {
      target = undefined
      if (connecting) {
        await connecting
        await pool?.disconnect()
      }
      connecting = undefined
    },
    read: async (job) => (await connected()).read(job),
    feed: async (produce) => (await connected()).feed(produce),
    flush: async () => pool?.flush() ?? 0,
    async stop(reason) {
      stopped = true
      await pool?.stop(reason)
    },
  }
}
