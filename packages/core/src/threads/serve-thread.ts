import { parentPort, workerData } from 'node:worker_threads'
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
import { lowerPriority } from './lower-priority.ts'
import { toPlainError } from './plain-error.ts'

/** The worker thread's own end: the other is `startThread`. */
export interface ThreadSide<C extends ThreadContract> {
  readonly setup: C['setup']
  report<N extends ReportName<C>>(name: N, value: C['reports'][N], transfer?: Transfer): void
  /** Takes requests and notices from now on. Those that came before are not lost. */
  serve(service: ThreadService<C>): void
}

export interface ThreadService<C extends ThreadContract> {
  /** One at a time, in their order. What they throw is thrown by `request` on the main thread. */
  requests: {
    [N in RequestName<C>]: (input: InputOf<C, N>) => Answer<AnswerOf<C, N>> | Promise<Answer<AnswerOf<C, N>>>
  }
  /** At once, also while a request is worked off. What they throw ends the thread. */
  notices: { [N in NoticeName<C>]: (value: C['notices'][N]) => void }
}

type RequestMessage = Extract<MessageToThread, { type: 'request' }>

type Answer<T> = T | Moved<T>

/** An answer some buffers of which are handed over. */
class Moved<T> {
  readonly value: T
  readonly transfer: Transfer
  constructor(value: T, transfer: Transfer) {
    this.value = value
    this.transfer = transfer
  }
}

/** Answers with `value` and hands over these buffers of it, instead of copying them. */
export function withTransfer<T>(value: T, transfer: Transfer): Moved<T> {
  return new Moved(value, transfer)
}

/** For the module that a worker thread begins with. It stands back behind the host's own threads from here on. */
export function openThreadSide<C extends ThreadContract>(): ThreadSide<C> {
  if (parentPort === null) throw new EngineError('INTERNAL', 'This module runs in a worker thread only.')
  const port = parentPort
  const { ending, setup } = workerData as ThreadStart
  const isEnding = new Int32Array(ending)
  lowerPriority()
  const send = (message: MessageToMain, transfer: Transfer = []) => port.postMessage(message, [...transfer])

  async function answer(service: ThreadService<C>, { id, name, input }: RequestMessage): Promise<void> {
    try {
      const given = await service.requests[name as RequestName<C>](input as never)
      const { value, transfer } = given instanceof Moved ? given : new Moved(given, [])
      send({ type: 'answer', id, value }, transfer)
    } catch (error) {
      send({ type: 'failed', id, error: toPlainError(error) })
    }
  }

  return {
    setup,
    report: (name, value, transfer) => send({ type: 'report', name, value }, transfer),
    serve(service) {
      const requests: RequestMessage[] = []
      let working = false
      // The first one begins in the turn it came in, so that notices after it find it begun.
      const work = async () => {
        if (working) return
        working = true
        for (let next = requests.shift(); next; next = requests.shift()) await answer(service, next)
        working = false
      }
      port.on('message', (message: MessageToThread) => {
        // Here, where nothing is half made (end-worker.ts), and whatever else was sent before.
        if (message.type === 'end' || Atomics.load(isEnding, 0) === 1) process.exit()
        if (message.type === 'notice') {
          service.notices[message.name as NoticeName<C>](message.value as never)
        } else {
          requests.push(message)
          void work()
        }
      })
    },
  }
}
