import { parentPort, workerData } from 'node:worker_threads'
import { EngineError, isEngineError } from '../errors.ts'
import { copyIn } from '../postgres/copy-in.ts'
import { openSession } from '../postgres/session.ts'
import { giveBack } from '../repository/give-back.ts'
import { fromPlainError, toPlainError } from '../repository/plain-error.ts'
import type { SealedChunk } from '../repository/sealed-chunk.ts'
import { unsealChunk } from '../repository/sealed-chunk.ts'
import { standBack } from '../repository/stand-back.ts'
import type {
  AnotherMessage,
  CopyRequest,
  FromRestoreWorker,
  RestoreRequest,
  RestoreWorkerSetup,
  ToRestoreWorker,
} from './worker-protocol.ts'

/**
 * The thread behind restore-session.ts: one session, fed with sealed chunks, which are authenticated, decompressed and
 * written as COPY data here, so that the host's event loop does none of it.
 */
const port = parentPort
if (!port) throw new Error('restore-worker runs in a worker thread')
standBack()
const { parameters, keys, application } = workerData as RestoreWorkerSetup

const aborting = new AbortController()
const chunks: (SealedChunk | 'end' | 'failed')[] = []
let wake: (() => void) | undefined
let onAnother: ((message: AnotherMessage) => void) | undefined

const send = (message: FromRestoreWorker) => port.postMessage(message)
const requests: RestoreRequest[] = []
let working = false

port.on('message', (message: ToRestoreWorker) => {
  // Here, where nothing is half made: see end-worker.ts.
  if (message.type === 'end') process.exit()
  if (message.type === 'abort') {
    aborting.abort()
    chunks.push('failed')
    wake?.()
    onAnother?.({ type: 'another', error: toPlainError(new EngineError('ABORTED', 'Interrupted.')) })
  } else if (message.type === 'another') {
    onAnother?.(message)
  } else if (message.type === 'chunk' || message.type === 'chunks-end' || message.type === 'chunks-failed') {
    chunks.push(message.type === 'chunk' ? message.chunk : message.type === 'chunks-end' ? 'end' : 'failed')
    wake?.()
  } else {
    requests.push(message)
    void work()
  }
})

const session = await openSession(parameters, { application, signal: aborting.signal }).catch((error: unknown) => {
  send({ type: 'failed', error: toPlainError(error) })
  return null
})
if (session) {
  // The same for every database: what a restore writes is durable at the latest with the commit that makes it live.
  await session.query('SET synchronous_commit = off')
  send({ type: 'ready', backendPid: session.backendPid })
  void work()
}

async function work(): Promise<void> {
  if (working || !session) return
  working = true
  for (let request = requests.shift(); request; request = requests.shift()) {
    try {
      send(await answer(request))
    } catch (error) {
      send({ type: 'failed', error: toPlainError(error) })
    }
    if (request.type === 'close') port?.close()
  }
  working = false
}

async function answer(request: RestoreRequest): Promise<FromRestoreWorker> {
  if (!session) throw new EngineError('INTERNAL', 'The worker has no session.')
  if (request.type === 'close') {
    await session.close()
    return { type: 'answer', rows: [] }
  }
  if (request.type === 'copy') return copy(request.copy)
  let rows: unknown[] = []
  for (const { sql, values } of request.statements) rows = await session.query(sql, values)
  return { type: 'answer', rows }
}

async function copy(request: CopyRequest): Promise<FromRestoreWorker> {
  if (!session) throw new EngineError('INTERNAL', 'The worker has no session.')
  let finished = false
  try {
    for (const sql of request.before) await session.query(sql)
    const target = request.sql === null ? null : await copyIn(session, request.sql)
    let bytes = 0
    try {
      for (;;) {
        const chunk = await nextChunk()
        finished = typeof chunk === 'string'
        if (chunk === 'end') break
        if (chunk === 'failed') throw new EngineError('ABORTED', 'Interrupted.')
        const plain = await openChunk(chunk)
        giveBack(chunk.data)
        const { length } = plain
        await target?.write(plain, () => giveBack(plain))
        bytes += length
        send({ type: 'taken', bytes: length })
      }
      if (request.bytes !== null && bytes !== request.bytes) {
        throw mismatch(`${request.name} has ${bytes} bytes in its chunks, not ${request.bytes} as recorded.`)
      }
    } catch (error) {
      await Promise.resolve(target?.fail(error instanceof Error ? error : new Error(String(error)))).catch(() => {})
      throw error
    }
    const rows = target ? (await target.end()).rows : 0
    if (target && request.rows !== null && rows !== request.rows) {
      throw mismatch(`${request.name} got ${rows} rows, not ${request.rows} as the backup counted.`)
    }
    for (const sql of request.after) await session.query(sql)
    return { type: 'copied', rows, bytes }
  } finally {
    if (!finished) send({ type: 'refused' })
    // What is left of a stream that failed is not taken for the beginning of the next one.
    while (!finished) {
      const chunk = await nextChunk()
      finished = chunk === 'end' || chunk === 'failed'
      if (typeof chunk === 'object') send({ type: 'taken', bytes: 0 })
    }
  }
}

/** A damaged chunk is asked for once more: there may be a good version in another pack, or in a copy. */
async function openChunk(chunk: SealedChunk): Promise<Buffer> {
  try {
    return unsealChunk(keys, chunk)
  } catch (error) {
    if (!isEngineError(error, 'REPOSITORY_DAMAGED')) throw error
    const message = await new Promise<AnotherMessage>((resolve) => {
      onAnother = resolve
      send({ type: 'damaged', id: chunk.id })
    })
    onAnother = undefined
    if ('error' in message) throw fromPlainError(message.error)
    if (message.chunk.id !== chunk.id) throw error
    return unsealChunk(keys, message.chunk)
  }
}

async function nextChunk(): Promise<SealedChunk | 'end' | 'failed'> {
  for (;;) {
    const chunk = chunks.shift()
    if (chunk !== undefined) return chunk
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  }
}

function mismatch(message: string): EngineError {
  return new EngineError('CENSUS_MISMATCH', message, {
    advice: 'Run `lifeboat verify` on the backup and restore another one meanwhile.',
  })
}
