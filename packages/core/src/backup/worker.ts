/**
 * A backup's worker thread: one connection that shares the exported snapshot, and every stage from COPY to finished
 * packs, synchronously (PERFORMANCE.md of the prototype: 7.2 s against 8.3 s with a thread pool, at half the memory).
 * It does no storage I/O: packs go to the main thread, which owns the Storage.
 */
import { receiveMessageOnPort } from 'node:worker_threads'
import { EngineError } from '../errors.ts'
import { joinSnapshot } from '../postgres/joined-snapshot.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { createChunkWriter } from '../repository/chunks/chunk-writer.ts'
import { openThreadSide } from '../threads/serve-thread.ts'
import { readJob } from './read-job.ts'
import { SharedState } from './shared-state.ts'
import type { BackupThread, StoredStream } from './worker-protocol.ts'

const thread = openThreadSide<BackupThread>()
const { keys, known, chunker, packBytes, compressionLevel, returned } = thread.setup
const shared = new SharedState(thread.setup.shared)

let packsSent = 0
const chunks = createChunkWriter({
  ...{ keys, known, chunker, packBytes, compressionLevel },
  onPack(pack) {
    shared.waitForPacks(packsSent)
    packsSent += 1
    thread.report('pack', pack, [pack.data.buffer as ArrayBuffer])
  },
  spare: () => receiveMessageOnPort(returned)?.message,
})

let session: Session | undefined
let feed: { stream: ReturnType<typeof chunks.openStream>; stored: PromiseWithResolvers<StoredStream> } | undefined
let feedError: { reason: unknown } | undefined

thread.serve({
  requests: {
    async connect({ parameters, snapshotId }) {
      session = await openSession(parameters, { application: 'backup worker', copyReader: true })
      await joinSnapshot(session, snapshotId)
      return { backendPid: session.backendPid }
    },
    async disconnect() {
      await session?.close()
      session = undefined
    },
    async read(job) {
      if (!session) throw new EngineError('INTERNAL', 'A worker was asked to read before it was connected.')
      return readJob(session, chunks, job, shared)
    },
    feed() {
      feedError = undefined
      feed = { stream: chunks.openStream(), stored: Promise.withResolvers() }
      return feed.stored.promise
    },
    flush() {
      chunks.flush()
      return chunks.stored.bytes
    },
  },
  notices: {
    block(bytes) {
      if (!feed) throw new EngineError('INTERNAL', 'A worker was fed before it was asked to take a feed.')
      const { byteLength } = bytes
      try {
        if (!feedError) feed.stream.write(bytes)
        shared.addBytesRead(byteLength)
      } catch (reason) {
        feedError = { reason }
      }
      thread.report('workedOff', byteLength)
    },
    endOfFeed() {
      const ended = feed
      feed = undefined
      try {
        if (feedError) throw feedError.reason
        if (ended) ended.stored.resolve(ended.stream.end())
      } catch (error) {
        ended?.stored.reject(error)
      }
    },
  },
})
