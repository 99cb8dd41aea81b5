import type { MessagePort } from 'node:worker_threads'
import type { ConnectionParameters } from '../postgres/connection.ts'
import type { KnownChunks } from '../repository/chunks/chunk-table.ts'
import type { ChunkerParameters } from '../repository/chunks/chunker.ts'
import type { RepositoryKeys } from '../repository/keys/keys.ts'
import type { FinishedPack } from '../repository/packs/pack.ts'
import type { CopiedRange } from './largest-row.ts'

export interface WorkerSetup {
  keys: RepositoryKeys
  known: KnownChunks
  chunker: ChunkerParameters
  packBytes: number
  compressionLevel: number
  /** See `SharedState`. */
  shared: SharedArrayBuffer
  /** Where the memory of stored packs (ArrayBuffers) comes back, to be filled again. */
  returned: MessagePort
}

/** What all workers of a backup have in common; the rest is each worker's own. */
export type CommonSetup = Omit<WorkerSetup, 'shared' | 'returned'>

/**
 * A worker has one request at a time; packs come in between. Packs and fed blocks are handed over with their memory.
 */
export interface BackupThread {
  setup: WorkerSetup
  requests: {
    /** Opens a session that shares the snapshot. */
    connect(to: { parameters: ConnectionParameters; snapshotId: string }): { backendPid: number }
    disconnect(): void
    read(job: ReadJob): ReadJobResult
    /** Takes `block` notices until `endOfFeed`, and answers after that. */
    feed(): StoredStream
    /** Seals what is left of the last pack and hands it over. Bytes of all packs of this worker. */
    flush(): number
  }
  notices: {
    block: Uint8Array
    endOfFeed: undefined
  }
  reports: {
    pack: FinishedPack
    /** Bytes of a fed block that are worked off. */
    workedOff: number
  }
}

/** Work on the connection that shares the snapshot. */
export interface ReadJob {
  /** The tables involved, quoted, for LOCK TABLE. */
  lock: string[]
  copies: CopyItem[]
  counts: CountItem[]
}

export interface CopyItem {
  /** Position in the job's `lock`; null where nothing is locked. */
  lock: number | null
  /** `COPY ... TO STDOUT`. */
  sql: string
  /** It is small and needs no planner: it goes with others in one query. */
  together?: boolean
  /** What it reads, to find the row that COPY could not carry; absent for large objects. */
  range?: CopiedRange
}

export interface CountItem {
  lock: number | null
  /** A scalar sub-select: `(SELECT count(*) FROM ONLY ...)`. */
  sql: string
  /** `sql` is a COPY whose rows are counted: no query of the table may be planned. */
  byCopy?: boolean
  together?: boolean
}

/** What a stream of bytes became: its length and its chunks in order. */
export interface StoredStream {
  bytes: number
  ids: string[]
}

export interface ReadJobResult {
  /** Positions in the job's `lock` of tables that another session waits to lock exclusively: nothing of them was read. */
  contested: number[]
  /** As the job's `copies` and `counts`; null for what was not read. */
  segments: ((StoredStream & { rows: number }) | null)[]
  counts: (number | null)[]
}
