import { MessageChannel } from 'node:worker_threads'
import type { ConnectionParameters } from '../postgres/connection.ts'
import type { FinishedPack } from '../repository/packs/pack.ts'
import { withOwnMemory } from '../threads/own-memory.ts'
import { createSendWindow } from '../threads/send-window.ts'
import { siblingModule, startThread } from '../threads/thread.ts'
import { SharedState } from './shared-state.ts'
import type { BackupThread, CommonSetup, ReadJob, ReadJobResult, StoredStream } from './worker-protocol.ts'

/** The main thread's end of one worker. One call at a time. */
export interface WorkerHandle {
  connect(parameters: ConnectionParameters, snapshotId: string): Promise<void>
  disconnect(): Promise<void>
  read(job: ReadJob): Promise<ReadJobResult>
  /** Chunks, seals and packs what `produce` writes. A block is given away with its memory. */
  feed<T>(
    produce: (write: (block: Uint8Array) => Promise<void>) => Promise<T>,
  ): Promise<{ value: T; stream: StoredStream }>
  /** Hands over the pack that is being built. Bytes of all packs of this worker. */
  flush(): Promise<number>
  readonly shared: SharedState
  /** Backend of the worker's connection, once it has one. */
  readonly backendPid: number | null
  /** Fails what is waited for, and ends the thread. */
  stop(reason: unknown): Promise<void>
}

/** Bytes a worker may have been fed and not worked off yet. */
const feedWindow = 4 << 20

/** `onPack` stores a pack; while it has not resolved, the worker makes at most one further pack. */
export function startWorker(setup: CommonSetup, onPack: (pack: FinishedPack) => Promise<void>): WorkerHandle {
  const buffer = SharedState.allocate()
  const shared = new SharedState(buffer)
  const { port1: givenBack, port2: returned } = new MessageChannel()
  givenBack.unref()
  const window = createSendWindow(feedWindow)
  const store = async (pack: FinishedPack) => {
    await onPack(pack)
    // Before the worker learns that it can go on, so that the memory is there when it looks.
    givenBack.postMessage(pack.data.buffer, [pack.data.buffer])
    shared.packStored()
  }
  const thread = startThread<BackupThread>(siblingModule(import.meta.url, 'worker'), {
    name: 'backup worker',
    setup: { ...setup, shared: buffer, returned },
    transfer: [returned],
    heap: { old: 128, young: 16 },
    reports: {
      pack: (pack) => void store(pack).catch((reason) => thread.fail(reason)),
      workedOff: window.workedOff,
    },
    onFailure: window.close,
  })
  let backendPid: number | null = null

  const throwIfFailed = () => {
    if (thread.failure) throw thread.failure.reason
  }
  async function write(block: Uint8Array): Promise<void> {
    throwIfFailed()
    const owned = withOwnMemory(block)
    const { byteLength } = owned
    thread.notify('block', owned, [owned.buffer])
    await window.sent(byteLength)
    throwIfFailed()
  }

  return {
    shared,
    get backendPid() {
      return backendPid
    },
    async connect(parameters, snapshotId) {
      const connected = await thread.request('connect', { parameters, snapshotId })
      backendPid = connected.backendPid
    },
    async disconnect() {
      await thread.request('disconnect', undefined)
      backendPid = null
    },
    read: (job) => thread.request('read', job),
    async feed(produce) {
      const answered = thread.request('feed', undefined)
      // Of a worker that dies, and of a stop, the answer is the first to know.
      const failed = new Promise<never>((_, reject) => answered.catch(reject))
      try {
        const value = await Promise.race([produce(write), failed])
        thread.notify('endOfFeed', undefined)
        return { value, stream: await answered }
      } catch (error) {
        // The worker is idle again only when it has answered.
        thread.notify('endOfFeed', undefined)
        await answered.catch(() => {})
        throw error
      }
    },
    flush: () => thread.request('flush', undefined),
    async stop(reason) {
      thread.fail(reason)
      shared.stop()
      await thread.end(reason)
      givenBack.close()
    },
  }
}
