import { Worker } from 'node:worker_threads'
import { EngineError } from '../errors.ts'
import type {
  AnswerOf,
  InputOf,
  MessageToMain,
  MessageToThread,
  NoticeName,
  ReportName,
  RequestName,
  ThreadContract,
  ThreadStart,
  Transfer,
} from './contract.ts'
import { endWorker } from './end-worker.ts'
import { fromPlainError } from './plain-error.ts'

/** The main thread's end of one worker thread. Its other end is made by `serveThread`. */
export interface Thread<C extends ThreadContract> {
  /** Resolves with the answer. Requests are worked off one after the other, in their order. */
  request<N extends RequestName<C>>(name: N, input: InputOf<C, N>, transfer?: Transfer): Promise<AnswerOf<C, N>>
  /** Is heard between and during requests. */
  notify<N extends NoticeName<C>>(name: N, value: C['notices'][N], transfer?: Transfer): void
  /** Why nothing more can be asked of this thread. */
  readonly failure: { reason: unknown } | undefined
  /** Rejects what is waited for, and all that is asked later. The thread stays until `end`. */
  fail(reason: unknown): void
  /** Ends the thread where nothing is half made; what is waited for fails with `reason`. */
  end(reason?: unknown): Promise<void>
  /** Stops it at any instruction: only for a thread that does not come to its messages. */
  terminate(): void
  /** Whether the thread keeps the process alive. */
  keepAlive(wanted: boolean): void
}

export interface ThreadOptions<C extends ThreadContract> {
  /** As in "a backup worker"; begins the messages of errors, and names the thread in tools. */
  name: string
  setup: C['setup']
  /** What of `setup` is handed over. */
  transfer?: Transfer
  /** Limits of V8's heap in MiB; buffers do not count. */
  heap: { old: number; young: number }
  /** What the thread says by itself. */
  reports: { [N in ReportName<C>]: (value: C['reports'][N]) => void }
  /** When nothing more can be asked, for whatever reason; once. */
  onFailure?: () => void
}

/** The module `name` in the folder of the module `url`: sources run as they are, so its ending is the same. */
export function siblingModule(url: string, name: string): URL {
  return new URL(`./${name}${url.endsWith('.ts') ? '.ts' : '.js'}`, url)
}

/**
 * Starts a thread. Nothing of the host reaches it, neither its flags (--import, --input-type) nor its environment, but for
 * the folder where Node keeps compiled modules: without it each thread compiles all of its modules.
 */
export function startThread<C extends ThreadContract>(file: URL, options: ThreadOptions<C>): Thread<C> {
  const { name, setup, heap, reports } = options
  const ending = new SharedArrayBuffer(4)
  const worker = new Worker(file, {
    workerData: { ending, setup } satisfies ThreadStart,
    transferList: [...(options.transfer ?? [])],
    execArgv: [],
    env: compileCache(),
    name: `lifeboat ${name}`,
    resourceLimits: { maxOldGenerationSizeMb: heap.old, maxYoungGenerationSizeMb: heap.young },
  })
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  let lastId = 0
  let failure: { reason: unknown } | undefined

  const send = (message: MessageToThread, transfer: Transfer = []) => worker.postMessage(message, [...transfer])
  const fail = (reason: unknown) => {
    const isFirst = failure === undefined
    failure ??= { reason }
    for (const { reject } of waiting.values()) reject(failure.reason)
    waiting.clear()
    if (isFirst) options.onFailure?.()
  }
  const report = (reported: string, value: unknown) => reports[reported as ReportName<C>]?.(value as never)

  worker.on('message', (message: MessageToMain) => {
    if (message.type === 'report') return report(message.name, message.value)
    const asked = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.type === 'answer') asked?.resolve(message.value)
    else asked?.reject(fromPlainError(message.error))
  })
  worker.on('error', (error) => fail(explain(name, error)))
  worker.on('messageerror', (error) => fail(explain(name, error)))
  worker.on('exit', (code) => fail(new EngineError('INTERNAL', `A ${name} ended with ${code}.`)))

  return {
    get failure() {
      return failure
    },
    request<N extends RequestName<C>>(requested: N, input: InputOf<C, N>, transfer?: Transfer) {
      if (failure) return Promise.reject(failure.reason)
      const asked = Promise.withResolvers<unknown>()
      const id = ++lastId
      waiting.set(id, asked)
      send({ type: 'request', id, name: requested, input }, transfer)
      return asked.promise as Promise<AnswerOf<C, N>>
    },
    notify(noticed, value, transfer) {
      send({ type: 'notice', name: noticed, value }, transfer)
    },
    fail,
    async end(reason = new EngineError('ABORTED', 'Interrupted.')) {
      fail(reason)
      Atomics.store(new Int32Array(ending), 0, 1)
      await endWorker(worker, () => send({ type: 'end' }))
    },
    terminate: () => void worker.terminate(),
    keepAlive(wanted) {
      if (wanted) worker.ref()
      else worker.unref()
    },
  }
}

function explain(name: string, error: Error): EngineError {
  const isMemory = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY'
  const message = isMemory ? `A ${name} ran out of memory.` : `A ${name} failed: ${error.message}`
  return new EngineError('INTERNAL', message, { cause: error })
}

function compileCache(): NodeJS.ProcessEnv {
  const { NODE_COMPILE_CACHE: folder } = process.env
  return folder ? { NODE_COMPILE_CACHE: folder } : {}
}
