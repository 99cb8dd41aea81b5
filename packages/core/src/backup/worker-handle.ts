import { MessageChannel, Worker } from 'node:worker_threads'
import { EngineError } from '../errors.ts'
import { endWorker } from '../repository/end-worker.ts'
import type { FinishedPack } from '../repository/pack.ts'
import { fromPlainError } from '../repository/plain-error.ts'
import {
  type CommonSetup,
  SharedState,
  type WorkerAnswer,
  type WorkerEnd,
  type WorkerMessage,
  type WorkerRequest,
  type WorkerSetup,
} from './worker-protocol.ts'

/** The main thread's end of one worker: requests, packs, fed bytes. */
export interface WorkerHandle {
  /** Sends a request and waits for its answer. One at a time. */
  request(request: WorkerRequest): Promise<WorkerAnswer>
  /** Hands over one block of a feed; resolves when there is room for the next. The block's memory is given away. */
  feed(block: Uint8Array): Promise<void>
  endFeed(): void
  readonly shared: SharedState
  /** Backend of the worker's connection, once it has one. */
  backendPid: number | null
  /** Fails whatever is waited for, and ends the thread. */
  stop(reason: unknown): Promise<void>
}

/** Bytes a worker may have been fed and not worked off yet. */
const feedWindow = 4 << 20

export function startWorker(setup: CommonSetup, onPack: (pack: FinishedPack) => Promise<void>): WorkerHandle {
  const buffer = SharedState.allocate()
  const shared = new SharedState(buffer)
  const { port1: givenBack, port2: returned } = new MessageChannel()
  givenBack.unref()
  const isSource = import.meta.url.endsWith('.ts')
  const worker = new Worker(new URL(isSource ? './worker.ts' : './worker.js', import.meta.url), {
    workerData: { ...setup, shared: buffer, returned } satisfies WorkerSetup,
    transferList: [returned],
    // Nothing of the host reaches the thread: neither its flags (instrumentation, --input-type) nor its environment.
    execArgv: [],
    env: {},
    name: 'lifeboat backup',
    // Heap only; buffers are bounded by the protocol.
    resourceLimits: { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 },
  })
  let waiting: PromiseWithResolvers<WorkerAnswer> | undefined
  let room: PromiseWithResolvers<void> | undefined
  let outstanding = 0
  let failure: { reason: unknown } | undefined

  const fail = (reason: unknown) => {
    failure ??= { reason }
    waiting?.reject(failure.reason)
    room?.reject(failure.reason)
    waiting = undefined
    room = undefined
  }

  worker.on('message', (message: WorkerMessage) => {
    if (message.type === 'pack') {
      const { data } = message.pack
      onPack(message.pack).then(() => {
        // Before the worker is told that it may go on, so that it is there when it looks.
        givenBack.postMessage(data.buffer, [data.buffer])
        shared.packStored()
      }, fail)
    } else if (message.type === 'taken') {
      outstanding -= message.bytes
      if (outstanding < feedWindow) {
        room?.resolve()
        room = undefined
      }
    } else {
      const answered = waiting
      waiting = undefined
      if (message.type === 'failed') answered?.reject(failure?.reason ?? fromPlainError(message.error))
      else answered?.resolve(message)
    }
  })
  worker.on('error', (error) => {
    const memory = Reflect.get(error, 'code') === 'ERR_WORKER_OUT_OF_MEMORY'
    const message = memory ? 'A backup worker ran out of memory.' : `A backup worker failed: ${error.message}`
    fail(new EngineError('INTERNAL', message, { cause: error }))
  })
  worker.on('exit', (code) => {
    givenBack.close()
    fail(new EngineError('INTERNAL', `A backup worker ended with ${code}.`))
  })
  return {
    shared,
    backendPid: null,
    request(request) {
      if (failure) return Promise.reject(failure.reason)
      waiting = Promise.withResolvers()
      const answer = waiting.promise
      worker.postMessage(request)
      return answer
    },
    async feed(block) {
      if (failure) throw failure.reason
      const owned = block.byteLength === block.buffer.byteLength ? block : block.slice()
      outstanding += owned.byteLength
      worker.postMessage({ type: 'feed-data', bytes: owned }, [owned.buffer as ArrayBuffer])
      if (outstanding < feedWindow) return
      room = Promise.withResolvers()
      await room.promise
    },
    endFeed() {
      worker.postMessage({ type: 'feed-end' })
    },
    async stop(reason) {
      fail(reason)
      shared.stop()
      await endWorker(worker, () => worker.postMessage({ type: 'end' } satisfies WorkerEnd))
    },
  }
}
