import { throwIfAborted } from '../../errors.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import type { Query } from '../../postgres/query.ts'
import type { SealedChunk } from '../../repository/chunks/sealed-chunk.ts'
import { withOwnMemory } from '../../threads/own-memory.ts'
import { toPlainError } from '../../threads/plain-error.ts'
import { createSendWindow, type SendWindow } from '../../threads/send-window.ts'
import { siblingModule, startThread, type Thread } from '../../threads/thread.ts'
import type { SealedChunks } from './backup-content.ts'
import type {
  Copied,
  CopiesRequest,
  CopyRequest,
  RestoreThread,
  RestoreWorkerSetup,
  Statement,
} from './worker-protocol.ts'

/** A session on the database being restored, in a worker thread of its own. One call at a time. */
export interface RestoreSession {
  backendPid: number
  parameters: ConnectionParameters
  query: Query
  run(statements: Statement[]): Promise<void>
  /** Feeds a COPY from sealed chunks; `onBytes` hears of every chunk written. For a damaged one another is asked for. */
  copy(request: CopyRequest, sealed: SealedChunks, onBytes?: (bytes: number) => void): Promise<Copied>
  /** Feeds many COPYs of one query: all are loaded or none. Of a damaged chunk no other is asked for. Nothing is masked. */
  copyTogether(request: CopiesRequest): Promise<void>
  close(): Promise<void>
}

/** Chunks on their way to a worker: enough to keep it busy, and at most some 16 MiB of sealed bytes. */
const chunksAhead = 4

/** A COPY under way: messages of the worker are about it until it ends. */
interface Copying extends Pick<SealedChunks, 'another'> {
  window: SendWindow
  onBytes?: (bytes: number) => void
}

/** Starts the thread and connects. An abort ends the session on the server within 5 s. */
export async function openRestoreSession(
  setup: RestoreWorkerSetup,
  { signal }: { signal?: AbortSignal } = {},
): Promise<RestoreSession> {
  throwIfAborted(signal)
  let copying: Copying | undefined
  const thread = startThread<RestoreThread>(siblingModule(import.meta.url, 'restore-worker'), {
    name: 'restore worker',
    setup,
    // What statements leave behind is collected while it is little; chunks are bounded by the window.
    heap: { old: 256, young: 8 },
    reports: {
      workedOff(bytes) {
        copying?.window.workedOff(1)
        if (bytes > 0) copying?.onBytes?.(bytes)
      },
      refused: () => copying?.window.close(),
      damaged: (id) => void copying?.another(id).then(sendAnother, sendNone),
    },
    onFailure: () => copying?.window.close(),
  })
  const sendAnother = (chunk: SealedChunk) =>
    thread.notify('another', { chunk: { ...chunk, data: Uint8Array.from(chunk.data) } })
  const sendNone = (error: unknown) => thread.notify('another', { error: toPlainError(error) })
  const onAbort = () => {
    thread.notify('abort', undefined)
    // A thread that does not come to its messages is stopped; its socket goes with it.
    setTimeout(thread.terminate, 4000).unref()
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  const end = async () => {
    signal?.removeEventListener('abort', onAbort)
    await thread.end()
  }
  /** An error after the abort is a consequence of it. */
  const unlessAborted = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      throwIfAborted(signal)
      throw error
    })
  const run = async (statements: Statement[]) => {
    throwIfAborted(signal)
    return unlessAborted(thread.request('run', statements))
  }

  const { backendPid } = await thread.request('open', undefined).catch(async (error: unknown) => {
    await end()
    throw error
  })
  return {
    backendPid,
    parameters: setup.parameters,
    query: async <Row>(sql: string, values?: readonly unknown[]) => (await run([{ sql, values }])) as Row[],
    async run(statements) {
      if (statements.length > 0) await run(statements)
    },
    async copy(request, { chunks, another }, onBytes) {
      throwIfAborted(signal)
      const window = createSendWindow(chunksAhead)
      copying = { window, another, onBytes }
      const copied = unlessAborted(thread.request('copy', request))
      copied.catch(window.close)
      await sendChunks(thread, chunks, { window, signal }).catch(async (error: unknown) => {
        await copied.catch(() => {})
        throw error
      })
      return copied
    },
    async copyTogether(request) {
      throwIfAborted(signal)
      await unlessAborted(thread.request('copyTogether', request))
    },
    async close() {
      if (!signal?.aborted) await thread.request('close', undefined).catch(() => {})
      await end()
    },
  }
}

/** Sends chunks while there is room, until all are sent or the worker wants no more. */
async function sendChunks(
  thread: Thread<RestoreThread>,
  chunks: SealedChunks['chunks'],
  { window, signal }: { window: SendWindow; signal?: AbortSignal },
): Promise<void> {
  let complete = false
  try {
    for await (const chunk of chunks) {
      if (window.closed || signal?.aborted) break
      const data = withOwnMemory(chunk.data)
      thread.notify('chunk', { ...chunk, data }, [data.buffer])
      await window.sent(1)
    }
    complete = !signal?.aborted
  } finally {
    thread.notify('endOfChunks', { complete })
  }
}
