/**
 * A backup's worker thread: one connection that shares the exported snapshot, and every stage from COPY to finished
 * packs, synchronously (PERFORMANCE.md of the prototype: 7.2 s against 8.3 s with a thread pool, at half the memory).
 * It does no storage I/O: packs go to the main thread, which owns the Storage.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { EngineError } from '../errors.ts'
import { joinSnapshot } from '../postgres/joined-snapshot.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { createChunkWriter } from '../repository/chunk-writer.ts'
import { toPlainError } from '../repository/plain-error.ts'
import { standBack } from '../repository/stand-back.ts'
import { readJob } from './read-job.ts'
import {
  type ReadJob,
  SharedState,
  type StoredStream,
  type WorkerAnswer,
  type WorkerEnd,
  type WorkerFeed,
  type WorkerMessage,
  type WorkerRequest,
  type WorkerSetup,
} from './worker-protocol.ts'

if (parentPort === null) throw new Error('worker.ts runs in a worker thread only')
const port = parentPort
const setup = workerData as WorkerSetup
const shared = new SharedState(setup.shared)
standBack()

let packsSent = 0
const chunks = createChunkWriter({
  keys: setup.keys,
  known: setup.known,
  chunker: setup.chunker,
  packBytes: setup.packBytes,
  compressionLevel: setup.compressionLevel,
  onPack(pack) {
    shared.waitForPacks(packsSent)
    packsSent += 1
    send({ type: 'pack', pack }, [pack.data.buffer as ArrayBuffer])
  },
  spare: () => receiveMessageOnPort(setup.returned)?.message,
})

let session: Session | undefined
let feeding: ReturnType<typeof chunks.openStream> | undefined
let feedError: unknown

port.on('message', (message: WorkerRequest | WorkerFeed | WorkerEnd) => {
  // Here, where nothing is half made (end-worker.ts), and whatever else had been sent before.
  if (message.type === 'end' || shared.stopped) process.exit()
  if (message.type === 'feed-data' || message.type === 'feed-end') {
    onFeed(message)
    return
  }
  answer(message).then(
    (reply) => reply && send(reply),
    (error) => send({ type: 'failed', error: toPlainError(error) }),
  )
})

async function answer(request: WorkerRequest): Promise<WorkerAnswer | undefined> {
  switch (request.type) {
    case 'connect':
      session = await openSession(request.parameters, { application: 'backup worker', copyReader: true })
      await joinSnapshot(session, request.snapshotId)
      return { type: 'connected', backendPid: session.backendPid }
    case 'disconnect':
      await session?.close()
      session = undefined
      return { type: 'disconnected' }
    case 'read':
      return { type: 'read', results: await read(request.job) }
    case 'feed':
      feedError = undefined
      feeding = chunks.openStream()
      return undefined // The answer follows feed-end.
    case 'flush':
      chunks.flush()
      return { type: 'flushed', storedBytes: chunks.stored.bytes }
  }
}

async function read(job: ReadJob) {
  if (!session) throw new EngineError('INTERNAL', 'A worker was asked to read before it was connected.')
  return readJob(session, chunks, job, shared)
}

function onFeed(message: WorkerFeed): void {
  if (message.type === 'feed-data') {
    try {
      if (feedError === undefined) feeding?.write(message.bytes)
      shared.addBytesRead(message.bytes.byteLength)
    } catch (error) {
      feedError = error
    }
    send({ type: 'taken', bytes: message.bytes.byteLength })
    return
  }
  try {
    if (feedError !== undefined) throw feedError
    const stream: StoredStream = feeding?.end() ?? { bytes: 0, ids: [] }
    send({ type: 'fed', stream })
  } catch (error) {
    send({ type: 'failed', error: toPlainError(error) })
  } finally {
    feeding = undefined
  }
}

function send(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
