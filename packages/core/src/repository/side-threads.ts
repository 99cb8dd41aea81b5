import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { EngineError } from '../errors.ts'
import type { Deflated, DeflateRequest } from './deflate-piece.ts'
import { endWorker } from './end-worker.ts'
import type { RepositoryKeys } from './keys.ts'
import type { PackTable } from './pack.ts'
import { fromPlainError, type PlainError } from './plain-error.ts'
import type { SealedChunk } from './sealed-chunk.ts'

/**
 * Threads for what would keep the host's own from its visitors: opening seals, proving packs, deflating. They are started
 * when there is something to do, stand back behind the host's, and end by themselves after a quarter of a second without work;
 * nothing has to be closed for a process to end.
 *
 * What fails there is thrown here as it would be by the function that was not called.
 */
export interface SideThreads {
  /** `unsealChunk`. The chunk's bytes are given away. */
  unseal(chunk: SealedChunk, options?: { recheck?: boolean }): Promise<Buffer>
  /** `provePack`. The bytes are given away; the same come back with the table. */
  prove(pack: string, data: Uint8Array): Promise<{ table: PackTable; data: Buffer }>
  /** `deflatePiece`. The bytes are copied. */
  deflate(piece: Uint8Array, how: DeflateRequest): Promise<Deflated>
  /** How much can be under way at once without waiting. */
  readonly size: number
  /** Ends the threads; what has not begun fails. Work that comes later starts them anew. */
  close(): Promise<void>
}

type Bytes = Uint8Array<ArrayBuffer>
/** A request; its bytes are transferred. */
export type SideRequest =
  | { type: 'unseal'; chunk: SealedChunk & { data: Bytes }; recheck: boolean }
  | { type: 'prove'; pack: string; data: Bytes }
  | { type: 'deflate'; piece: Bytes; how: DeflateRequest }
  /** Has no answer: the thread ends. */
  | { type: 'end' }
export type SideAnswer =
  | { type: 'bytes'; bytes: Bytes; checksum?: number }
  | { type: 'proven'; table: PackTable; data: Bytes }
  | { type: 'failed'; error: PlainError }

interface Thread {
  worker: Worker
  waiting: PromiseWithResolvers<SideAnswer>[]
  end(): Promise<unknown>
}

const idleMs = 250
/** Requests a thread has before it: the next one is there when one is done. */
const ahead = 2

export function createSideThreads(keys: RepositoryKeys): SideThreads {
  const most = Math.max(1, Math.min(4, availableParallelism() - 1))
  const threads = new Set<Thread>()
  const queue: { request: SideRequest; transfer: ArrayBuffer[]; answered: PromiseWithResolvers<SideAnswer> }[] = []

  function dispatch(): void {
    for (let next = queue[0]; next; next = queue[0]) {
      const thread = leastBusy()
      if (!thread) return
      queue.shift()
      thread.waiting.push(next.answered)
      thread.worker.ref()
      thread.worker.postMessage(next.request, next.transfer)
    }
  }

  /** One that has nothing to do, else a new one, else one that will soon have done. */
  function leastBusy(): Thread | undefined {
    const [least] = [...threads].sort((a, b) => a.waiting.length - b.waiting.length)
    if (least?.waiting.length !== 0 && threads.size < most) return start()
    return least && least.waiting.length < ahead ? least : undefined
  }

  function start(): Thread {
    const isSource = import.meta.url.endsWith('.ts')
    const worker = new Worker(new URL(isSource ? './side-worker.ts' : './side-worker.js', import.meta.url), {
      workerData: keys,
      // Nothing of the host reaches the thread: neither its flags (instrumentation, --input-type) nor its environment.
      execArgv: [],
      env: {},
      name: 'lifeboat side',
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
    })
    const fail = (reason: unknown) => {
      threads.delete(thread)
      for (const answered of thread.waiting.splice(0)) answered.reject(reason)
      dispatch()
    }
    const idle = setTimeout(() => {
      if (thread.waiting.length > 0) idle.refresh()
      else void thread.end()
    }, idleMs).unref()
    const thread: Thread = {
      worker,
      waiting: [],
      async end() {
        clearTimeout(idle)
        threads.delete(thread)
        worker.unref()
        await endWorker(worker, () => worker.postMessage({ type: 'end' } satisfies SideRequest))
      },
    }
    worker.on('message', (answer: SideAnswer) => {
      thread.waiting.shift()?.resolve(answer)
      if (thread.waiting.length === 0) worker.unref()
      idle.refresh()
      dispatch()
    })
    worker.on('error', (error) =>
      fail(new EngineError('INTERNAL', `A worker thread failed: ${error.message}`, { cause: error })),
    )
    worker.on('exit', () => fail(new EngineError('ABORTED', 'Interrupted.')))
    threads.add(thread)
    return thread
  }

  async function ask(request: SideRequest, transfer: ArrayBuffer[]): Promise<Exclude<SideAnswer, { type: 'failed' }>> {
    const answered = Promise.withResolvers<SideAnswer>()
    queue.push({ request, transfer, answered })
    dispatch()
    const answer = await answered.promise
    if (answer.type === 'failed') throw fromPlainError(answer.error)
    return answer
  }

  return {
    size: most * ahead,
    async unseal(chunk, { recheck = false } = {}) {
      const data = owned(chunk.data)
      const answer = await ask({ type: 'unseal', chunk: { ...chunk, data }, recheck }, [data.buffer])
      return answer.type === 'bytes' ? asBuffer(answer.bytes) : unexpected()
    },
    async prove(pack, given) {
      const data = owned(given)
      const answer = await ask({ type: 'prove', pack, data }, [data.buffer])
      return answer.type === 'proven' ? { table: answer.table, data: asBuffer(answer.data) } : unexpected()
    },
    async deflate(given, how) {
      const piece = Uint8Array.from(given)
      const answer = await ask({ type: 'deflate', piece, how }, [piece.buffer])
      return answer.type === 'bytes' ? { bytes: asBuffer(answer.bytes), checksum: answer.checksum ?? 0 } : unexpected()
    },
    async close() {
      for (const { answered } of queue.splice(0)) answered.reject(new EngineError('ABORTED', 'Interrupted.'))
      await Promise.all([...threads].map((thread) => thread.end()))
    },
  }
}

/** Bytes whose memory can be given away: these, or a copy of what shares its memory with others. */
function owned(bytes: Uint8Array): Bytes {
  const { buffer } = bytes
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength
  return isWhole ? new Uint8Array(buffer) : Uint8Array.from(bytes)
}

const asBuffer = ({ buffer, byteOffset, length }: Bytes): Buffer => Buffer.from(buffer, byteOffset, length)

function unexpected(): never {
  throw new EngineError('INTERNAL', 'A worker thread gave an answer to something else.')
}
