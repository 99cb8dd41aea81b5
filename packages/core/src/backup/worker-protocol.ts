import type { MessagePort } from 'node:worker_threads'
import { EngineError } from '../errors.ts'
import type { ConnectionParameters } from '../postgres/connection.ts'
import type { KnownChunks } from '../repository/chunk-table.ts'
import type { ChunkerParameters } from '../repository/chunker.ts'
import type { RepositoryKeys } from '../repository/keys.ts'
import type { FinishedPack } from '../repository/pack.ts'
import type { PlainError } from '../repository/plain-error.ts'
import type { CopiedRange } from './largest-row.ts'

/**
 * What the main thread and a worker say to each other. Only plain data crosses; packs and fed bytes are transferred,
 * not copied. Each request has exactly one answer, and a worker has one request at a time; packs come in between.
 */
export interface WorkerSetup {
  keys: RepositoryKeys
  known: KnownChunks
  chunker: ChunkerParameters
  packBytes: number
  compressionLevel: number
  /** See {@link SharedState}. */
  shared: SharedArrayBuffer
  /** Where the memory of stored packs (ArrayBuffers) comes back, to be filled again. */
  returned: MessagePort
}

/** What whoever starts workers knows; the rest is each worker's own. */
export type CommonSetup = Omit<WorkerSetup, 'shared' | 'returned'>

export type WorkerRequest =
  | { type: 'connect'; parameters: ConnectionParameters; snapshotId: string }
  | { type: 'disconnect' }
  | { type: 'read'; job: ReadJob }
  | { type: 'feed' }
  /** Seals what is left of the last pack and hands it over. */
  | { type: 'flush' }

/** Has no answer: the thread ends. */
export interface WorkerEnd {
  type: 'end'
}

/** Follows a `feed` request until `feed-end`; the answer to the request comes after that. */
export type WorkerFeed = { type: 'feed-data'; bytes: Uint8Array } | { type: 'feed-end' }

export type WorkerAnswer =
  | { type: 'connected'; backendPid: number }
  | { type: 'disconnected' }
  | { type: 'read'; results: ReadJobResult }
  | { type: 'fed'; stream: StoredStream }
  | { type: 'flushed'; storedBytes: number }
  | { type: 'failed'; error: PlainError }

export type WorkerMessage =
  | WorkerAnswer
  | { type: 'pack'; pack: FinishedPack }
  /** Bytes of `feed-data` that have been worked off. */
  | { type: 'taken'; bytes: number }

/** Work on the connection that shares the snapshot; `lock` names the tables involved, quoted, for LOCK TABLE. */
export interface ReadJob {
  lock: { table: number; name: string }[]
  copies: CopyItem[]
  counts: CountItem[]
}

export interface CopyItem {
  table: number
  segment: number
  /** `COPY ... TO STDOUT`. */
  sql: string
  /** What it reads, to find the row that COPY could not carry; absent for large objects. */
  range?: CopiedRange
}

export interface CountItem {
  table: number
  /** A scalar sub-select: `(SELECT count(*) FROM ONLY ...)`. */
  sql: string
}

/** What a stream of bytes became: its length and its chunks in order. */
export interface StoredStream {
  bytes: number
  ids: string[]
}

export interface ReadJobResult {
  /** Tables somebody waits to lock exclusively: nothing of them was read here. */
  contested: number[]
  segments: (StoredStream & { table: number; segment: number; rows: number })[]
  counts: { table: number; rows: number }[]
}

/**
 * Shared memory of the main thread and one worker. `packsStored` is counted up by the main thread: the worker sends
 * a pack only when all earlier ones are stored, which bounds memory to one pack being built and one in flight.
 */
export class SharedState {
  readonly #words: Int32Array
  readonly #bytesRead: BigInt64Array

  constructor(shared: SharedArrayBuffer) {
    this.#words = new Int32Array(shared, 0, 4)
    this.#bytesRead = new BigInt64Array(shared, 16, 1)
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(24)
  }

  packStored(): void {
    Atomics.add(this.#words, 0, 1)
    Atomics.notify(this.#words, 0)
  }

  /** Wakes a worker that waits, for good: nothing more will be stored. */
  stop(): void {
    Atomics.store(this.#words, 1, 1)
    Atomics.add(this.#words, 0, 1)
    Atomics.notify(this.#words, 0)
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, 1) === 1
  }

  /** Blocks the calling (worker) thread until `count` packs are stored. */
  waitForPacks(count: number): void {
    for (;;) {
      const stored = Atomics.load(this.#words, 0)
      if (this.stopped) throw new EngineError('ABORTED', 'Interrupted.')
      if (stored >= count) return
      Atomics.wait(this.#words, 0, stored)
    }
  }

  /** Set while bytes should be coming in; what the stall watchdog looks at. */
  get active(): boolean {
    return Atomics.load(this.#words, 2) === 1
  }

  set active(active: boolean) {
    Atomics.store(this.#words, 2, active ? 1 : 0)
  }

  addBytesRead(bytes: number): void {
    Atomics.add(this.#bytesRead, 0, BigInt(bytes))
  }

  get bytesRead(): number {
    return Number(Atomics.load(this.#bytesRead, 0))
  }
}
