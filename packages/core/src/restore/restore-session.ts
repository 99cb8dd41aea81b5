import { Worker } from 'node:worker_threads'
import { EngineError, throwIfAborted } from '../errors.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'
import type { Query } from '../postgres/query.ts'
import { endWorker } from '../repository/end-worker.ts'
import { fromPlainError, toPlainError } from '../repository/plain-error.ts'
import type { SealedChunks } from './backup-content.ts'
import type {
  CopyRequest,
  FromRestoreWorker,
  RestoreWorkerSetup,
  Statement,
  ToRestoreWorker,
} from './worker-protocol.ts'

/** A session on the database being restored, in a worker thread of its own. One call at a time. */
export interface RestoreSession {
  backendPid: number
  parameters: ConnectionParameters
  query: Query
  run(statements: Statement[]): Promise<void>
  /** Feeds a COPY from sealed chunks; `onBytes` hears of every chunk written. For a damaged one another is asked for. */
  copy(
    request: CopyRequest,
    sealed: SealedChunks,
    onBytes?: (bytes: number) => void,
  ): Promise<{ rows: number; bytes: number }>
  close(): Promise<void>
}

/** Chunks on their way to a worker: enough to keep it busy, and at most some 16 MiB of sealed bytes. */
const chunksAhead = 4

/** Bytes that can be handed over: posting a view would clone all the memory it is a part of. */
function withOwnMemory(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = data
  const whole = buffer instanceof ArrayBuffer && buffer.byteLength === data.byteLength
  return whole ? (data as Uint8Array<ArrayBuffer>) : new Uint8Array(data)
}

/** Starts the thread and connects. An abort ends the session on the server within 5 s. */
export async function openRestoreSession(
  setup: RestoreWorkerSetup,
  { signal }: { signal?: AbortSignal } = {},
): Promise<RestoreSession> {
  throwIfAborted(signal)
  const file = import.meta.url.endsWith('.ts') ? './restore-worker.ts' : './restore-worker.js'
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: setup,
    // A host's own flags (--input-type, --import) are not meant for our threads.
    execArgv: [],
    // Heap only; chunks are bounded by the protocol. What statements leave behind is collected while it is little.
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 },
  })
  const send = (message: ToRestoreWorker, transfer: ArrayBuffer[] = []) => worker.postMessage(message, transfer)

  let waiting: { resolve: (message: FromRestoreWorker) => void; reject: (error: unknown) => void } | undefined
  let dead: Error | undefined
  let onTaken: ((bytes: number) => void) | undefined
  let onRefused: (() => void) | undefined
  let onDamaged: ((id: string) => void) | undefined
  const answer = () =>
    new Promise<FromRestoreWorker>((resolve, reject) => {
      if (dead) reject(dead)
      else waiting = { resolve, reject }
    })
  const settle = (settleOne: (one: NonNullable<typeof waiting>) => void) => {
    const one = waiting
    waiting = undefined
    if (one) settleOne(one)
  }
  const die = (error: Error) => {
    dead ??= error
    onTaken?.(0)
    settle(({ reject }) => reject(dead))
  }
  worker.on('message', (message: FromRestoreWorker) => {
    if (message.type === 'taken') onTaken?.(message.bytes)
    else if (message.type === 'refused') onRefused?.()
    else if (message.type === 'damaged') onDamaged?.(message.id)
    else if (message.type === 'failed') settle(({ reject }) => reject(fromPlainError(message.error)))
    else settle(({ resolve }) => resolve(message))
  })
  worker.on('error', (error) => die(new EngineError('INTERNAL', 'A restore worker failed.', { cause: error })))
  worker.on('exit', () => die(new EngineError('INTERNAL', 'A restore worker ended.')))
  const onAbort = () => {
    send({ type: 'abort' })
    // A thread that does not come to its messages any more is ended; its socket goes with it.
    setTimeout(() => void worker.terminate(), 4000).unref()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  const end = async () => {
    signal?.removeEventListener('abort', onAbort)
    await endWorker(worker, () => send({ type: 'end' }))
  }

  const ready = await answer().catch(async (error: unknown) => {
    await end()
    throw error
  })
  const request = async (message: ToRestoreWorker): Promise<FromRestoreWorker> => {
    throwIfAborted(signal)
    send(message)
    try {
      return await answer()
    } catch (error) {
      throwIfAborted(signal)
      throw error
    }
  }

  return {
    backendPid: ready.type === 'ready' ? ready.backendPid : 0,
    parameters: setup.parameters,
    async query<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]> {
      const reply = await request({ type: 'run', statements: [{ sql, values }] })
      return reply.type === 'answer' ? (reply.rows as Row[]) : []
    },
    async run(statements) {
      if (statements.length > 0) await request({ type: 'run', statements })
    },
    async copy(copy, { chunks, another }, onBytes) {
      let ahead = 0
      let failed = false
      let wake: (() => void) | undefined
      onTaken = (bytes) => {
        ahead--
        if (bytes > 0) onBytes?.(bytes)
        wake?.()
      }
      onDamaged = (id) => {
        another(id).then(
          (chunk) => send({ type: 'another', chunk: { ...chunk, data: Uint8Array.from(chunk.data) } }),
          (error: unknown) => send({ type: 'another', error: toPlainError(error) }),
        )
      }
      const result = request({ type: 'copy', copy })
      onRefused = () => {
        failed = true
        wake?.()
      }
      result.catch(onRefused)
      try {
        for await (const chunk of chunks) {
          if (failed || signal?.aborted) break
          ahead++
          const data = withOwnMemory(chunk.data)
          send({ type: 'chunk', chunk: { ...chunk, data } }, [data.buffer])
          while (ahead >= chunksAhead && !failed && !dead) {
            await new Promise<void>((resolve) => {
              wake = resolve
            })
          }
        }
        send({ type: signal?.aborted ? 'chunks-failed' : 'chunks-end' })
      } catch (error) {
        send({ type: 'chunks-failed' })
        await result.catch(() => {})
        throw error
      }
      const reply = await result
      return reply.type === 'copied' ? reply : { rows: 0, bytes: 0 }
    },
    async close() {
      if (!dead && !signal?.aborted) await request({ type: 'close' }).catch(() => {})
      await end()
    },
  }
}
