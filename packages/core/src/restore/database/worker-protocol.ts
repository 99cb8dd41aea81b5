import type { RowMask } from '../../masking/column-mask.ts'
import type { TableScan } from '../../masking/row-facts.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import type { SealedChunk } from '../../repository/chunks/sealed-chunk.ts'
import type { RepositoryKeys } from '../../repository/keys/keys.ts'
import type { PlainError } from '../../threads/plain-error.ts'

export interface RestoreWorkerSetup {
  parameters: ConnectionParameters
  keys: RepositoryKeys
  application: string
}

export interface Statement {
  sql: string
  values?: readonly unknown[]
}

/** `before`, then COPY FROM STDIN fed from the `chunk` notices that follow until `endOfChunks`, then `after`. */
export interface CopyRequest {
  before: string[]
  /** `COPY ... FROM STDIN`; null only unseals the chunks, to see that they are good. */
  sql: string | null
  /** What COPY must report, else the request fails with `ROW_COUNT_MISMATCH`; null where it is unknown. */
  rows: number | null
  /** Length of the text; a stream cut short or drawn out fails. */
  bytes: number | null
  after: string[]
  /** For messages: what is loaded. */
  name: string
  /** The rows that leave the thread, a bit for each; `first`: the place of the first one, of which `rows` follow. */
  choose?: { bits: Uint8Array; first: number; rows: number }
  /** What is done to each row before it leaves the thread. */
  mask?: RowMask
  /** In place of rows what they say about the rows that a copy needs. */
  scan?: { of: TableScan; key: string; columns: number; first: number; rows: number }
}

export interface Copied {
  rows: number
  bytes: number
  /** Values that were masked, some of each column. */
  canaries?: Map<string, string[]>
}

/** Many small COPYs of one query, with all their chunks. */
export interface CopiesRequest {
  /** One query: `COPY ... FROM STDIN` for each of `copies`, in their order, and what is to be between them. */
  sql: string
  copies: { name: string; rows: number; bytes: number; chunks: SealedChunk[] }[]
}

/**
 * A worker is one session on the database being restored and has one request at a time. Rows cross as sealed chunks:
 * only the worker holds them in clear.
 */
export interface RestoreThread {
  setup: RestoreWorkerSetup
  requests: {
    open(): { backendPid: number }
    /** Statements in order, each on its own; the answer has the rows of the last. */
    run(statements: Statement[]): unknown[]
    copy(request: CopyRequest): Copied
    copyTogether(request: CopiesRequest): void
    close(): void
  }
  notices: {
    chunk: SealedChunk
    /** `complete` is false where the chunks cannot all be had: the COPY is given up. */
    endOfChunks: { complete: boolean }
    /** Another version of the damaged chunk, or why there is none. */
    another: { chunk: SealedChunk } | { error: PlainError }
    abort: undefined
  }
  reports: {
    /** A chunk is worked off: bytes of text. */
    workedOff: number
    /** The COPY has failed: no more chunks, please. The answer follows when the chunks have been ended. */
    refused: undefined
    /** The chunk with this id does not open. It is answered by `another`, and until then nothing goes on. */
    damaged: string
  }
}
