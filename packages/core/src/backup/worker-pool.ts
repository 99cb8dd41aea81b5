import { EngineError } from '../errors.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'
import type { FinishedPack } from '../repository/packs/pack.ts'
import { startWorker, type WorkerHandle } from './worker-handle.ts'
import type { CommonSetup, ReadJob, ReadJobResult, StoredStream } from './worker-protocol.ts'

/** The worker threads of one backup attempt. */
export interface WorkerPool {
  readonly size: number
  /** Gives each worker a connection that shares the snapshot. */
  connect(parameters: ConnectionParameters, snapshotId: string): Promise<void>
  /** Ends the connections; the threads stay, for what is fed. */
  disconnect(): Promise<void>
  /** Runs a job on the next idle worker. */
  read(job: ReadJob): Promise<ReadJobResult>
  /**
   * Chunks, seals and packs bytes that the main thread has, on the next idle worker. A block handed to `write` is given
   * away with its memory; wait for it before the next one.
   */
  feed<T>(
    produce: (write: (block: Uint8Array) => Promise<void>) => Promise<T>,
  ): Promise<{ value: T; stream: StoredStream }>
  /** Closes the packs being built; resolves when all packs are stored. Bytes of packs this pool has made. */
  flush(): Promise<number>
  /** Bytes read and fed so far. */
  readonly bytesRead: number
  readonly backendPids: number[]
  /** For the stall watchdog. */
  activity(): { active: boolean; bytes: number }[]
  /** Ends the threads; what still waits fails with `reason`. */
  stop(reason?: unknown): Promise<void>
}

/** `onPack` stores a pack; while it has not resolved, its worker makes at most one further pack. */
export function createWorkerPool(
  size: number,
  setup: CommonSetup,
  onPack: (pack: FinishedPack) => Promise<void>,
): WorkerPool {
  const storing = new Set<Promise<void>>()
  const store = (pack: FinishedPack) => {
    const stored = onPack(pack).finally(() => storing.delete(stored))
    storing.add(stored)
    return stored
  }
  const workers = Array.from({ length: size }, () => startWorker(setup, store))
  const idle = [...workers]
  const queue: PromiseWithResolvers<WorkerHandle>[] = []
  let stopped: { reason: unknown } | undefined

  async function withWorker<T>(use: (worker: WorkerHandle) => Promise<T>): Promise<T> {
    if (stopped) throw stopped.reason
    let worker = idle.pop()
    if (worker === undefined) {
      const turn = Promise.withResolvers<WorkerHandle>()
      queue.push(turn)
      worker = await turn.promise
    }
    try {
      return await use(worker)
    } finally {
      const next = queue.shift()
      if (next) next.resolve(worker)
      else idle.push(worker)
    }
  }

  return {
    size,
    get bytesRead() {
      return workers.reduce((sum, worker) => sum + worker.shared.bytesRead, 0)
    },
    get backendPids() {
      return workers.flatMap(({ backendPid }) => (backendPid === null ? [] : [backendPid]))
    },
    activity: () => workers.map(({ shared }) => ({ active: shared.active, bytes: shared.bytesRead })),
    async connect(parameters, snapshotId) {
      await Promise.all(workers.map((worker) => worker.connect(parameters, snapshotId)))
    },
    async disconnect() {
      await Promise.all(workers.map((worker) => worker.disconnect()))
    },
    read: (job) => withWorker((worker) => worker.read(job)),
    feed: (produce) => withWorker((worker) => worker.feed(produce)),
    async flush() {
      const bytes = await Promise.all(workers.map((worker) => worker.flush()))
      await Promise.all(storing)
      return bytes.reduce((sum, own) => sum + own, 0)
    },
    async stop(reason = new EngineError('ABORTED', 'Interrupted.')) {
      stopped ??= { reason }
      for (const turn of queue.splice(0)) turn.reject(reason)
      await Promise.all(workers.map((worker) => worker.stop(reason)))
    },
  }
}
